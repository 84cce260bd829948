package dev.tanren.trainer.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The tokens that begin and end a text.
///
/// @param end the first of those that end one, where the tokenizer knows it by name
/// @param endIds all that end one
record SpecialTokens(@Nullable Token beginning, @Nullable Token end, List<Integer> endIds) {

    private static final List<String> BEGINNINGS =
            List.of("<|begin_of_text|>", "<s>", "<bos>", "[BOS]");
    private static final List<String> ENDS =
            List.of("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "</s>", "<eos>", "[EOS]");

    SpecialTokens {
        endIds = List.copyOf(endIds);
    }

    record Token(String content, int id) {}

    static SpecialTokens none() {
        return new SpecialTokens(null, null, List.of());
    }

    /// Found in a `tokenizer.json` by the names that open models give them.
    ///
    /// @throws TanrenException `TOKENIZER_UNREADABLE`
    static SpecialTokens of(byte[] tokenizer, String where) {
        JsonNode added = added(tokenizer, where);
        Token end = named(added, ENDS);
        return new SpecialTokens(
                named(added, BEGINNINGS), end, end == null ? List.of() : List.of(end.id()));
    }

    /// Those that a model's own files name, whatever the tokenizer calls them.
    ///
    /// @param generation its `generation_config.json`, which says what ends a text where the
    ///     configuration does not
    /// @throws TanrenException `TOKENIZER_UNREADABLE`
    static SpecialTokens of(
            byte[] tokenizer,
            String where,
            HuggingFaceConfiguration base,
            Optional<byte[]> generation) {
        JsonNode added = added(tokenizer, where);
        List<Integer> ends =
                base.eosTokenIds().isEmpty()
                        ? generation.map(SpecialTokens::ends).orElse(List.of())
                        : base.eosTokenIds();
        return new SpecialTokens(
                base.bosTokenId() == null ? null : numbered(added, base.bosTokenId()),
                ends.isEmpty() ? null : numbered(added, ends.getFirst()),
                ends);
    }

    /// `eos_token_id`, one or several; none where the file, which is published as it is, says
    /// nothing of use.
    private static List<Integer> ends(byte[] generation) {
        try {
            JsonNode ids =
                    Json.mapper()
                            .readTree(new String(generation, StandardCharsets.UTF_8))
                            .path("eos_token_id");
            return Stream.concat(Stream.of(ids), ids.valueStream())
                    .filter(JsonNode::isInt)
                    .map(JsonNode::intValue)
                    .toList();
        } catch (JsonProcessingException e) {
            return List.of();
        }
    }

    private static JsonNode added(byte[] tokenizer, String where) {
        try {
            return Json.mapper()
                    .readTree(new String(tokenizer, StandardCharsets.UTF_8))
                    .path("added_tokens");
        } catch (JsonProcessingException e) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "the file is not JSON: " + e.getOriginalMessage(),
                    where,
                    "Give a Hugging Face tokenizer.json.",
                    e);
        }
    }

    private static @Nullable Token named(JsonNode added, List<String> names) {
        for (String name : names) {
            for (JsonNode token : added) {
                if (token.path("content").asText().equals(name)) {
                    return new Token(name, token.path("id").asInt());
                }
            }
        }
        return null;
    }

    private static @Nullable Token numbered(JsonNode added, int id) {
        for (JsonNode token : added) {
            if (token.path("id").asInt(-1) == id) {
                return new Token(token.path("content").asText(), id);
            }
        }
        return null;
    }

    @Nullable Integer beginningId() {
        return beginning == null ? null : Integer.valueOf(beginning.id());
    }
}
