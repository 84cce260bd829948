package dev.tanren.plan.json;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.regex.Pattern;

/// The one JSON mapping of Tanren's own records, between its processes and in its stores.
///
/// What users write is read by `dev.tanren.plan.validation` instead, which reports every mistake
/// with its place.
public final class Json {

    private static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                    .build();

    private static final Pattern ADVICE =
            Pattern.compile(
                    ":? *(enable|\\(consider enabling) `[^`]+`[^)]*\\)?"
                            + "|[:,]? *\\(?maybe a \\(non-standard\\) comment\\? \\([^)]*\\)+");

    private Json() {}

    /// Shared and immutable; callers do not configure it.
    public static ObjectMapper mapper() {
        return MAPPER;
    }

    public static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON for " + value.getClass(), e);
        }
    }

    /// What is wrong with a text that is no JSON, without the library's advice on its own settings.
    public static String problem(JacksonException e) {
        return ADVICE.matcher(String.valueOf(e.getOriginalMessage())).replaceAll("");
    }

    /// @throws IllegalArgumentException when the text is not that of a `type`
    public static <T> T read(String json, Class<T> type) {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "not a " + type.getSimpleName() + ": " + e.getOriginalMessage(), e);
        }
    }
}
