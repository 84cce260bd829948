package dev.tanren.controlplane.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.quarkus.jackson.ObjectMapperCustomizer;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Refuses JSON bodies in which a text has a character that no record may have, or a time is not
/// written by RFC 3339, whatever call they are for. An empty text is no time: a token that is to
/// end at it would never end.
@Singleton
public class BodyTexts implements ObjectMapperCustomizer {

    @Override
    public void customize(ObjectMapper mapper) {
        mapper.registerModule(
                new SimpleModule("texts")
                        .addDeserializer(String.class, new Checked())
                        .addDeserializer(Instant.class, new Times()));
    }

    /// The last, since what is registered last is asked first: other modules read times as well.
    @Override
    public int priority() {
        return MINIMUM_PRIORITY;
    }

    private static final class Checked extends StdScalarDeserializer<String> {

        private static final long serialVersionUID = 1L;

        Checked() {
            super(String.class);
        }

        @Override
        public @Nullable String deserialize(JsonParser parser, DeserializationContext context)
                throws IOException {
            if (parser.currentToken().isNumeric() || parser.currentToken().isBoolean()) {
                throw JsonMappingException.from(
                        parser, parser.getText() + " was found where a text is expected");
            }
            String text = StringDeserializer.instance.deserialize(parser, context);
            String problem = text == null ? null : RequestTexts.problem(text);
            if (problem != null) {
                throw JsonMappingException.from(parser, problem);
            }
            return text;
        }
    }

    private static final class Times extends StdScalarDeserializer<Instant> {

        private static final long serialVersionUID = 1L;

        Times() {
            super(Instant.class);
        }

        @Override
        public Instant deserialize(JsonParser parser, DeserializationContext context)
                throws IOException {
            String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : "";
            return RequestTimes.read(text)
                    .orElseThrow(
                            () ->
                                    JsonMappingException.from(
                                            parser,
                                            "a time such as 2026-11-24T08:00:00Z is expected"));
        }
    }
}
