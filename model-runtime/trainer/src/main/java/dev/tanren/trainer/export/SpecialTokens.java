package dev.tanren.trainer.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tokens of a `tokenizer.json` that begin and end a text, found by the names that open
/// models give them.
record SpecialTokens(@Nullable Token beginning, @Nullable Token end) {

    private static final List<String> BEGINNINGS =
            List.of("<|begin_of_text|>", "<s>", "<bos>", "[BOS]");
    private static final List<String> ENDS =
            List.of("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "</s>", "<eos>", "[EOS]");

    record Token(String content, int id) {}

    static SpecialTokens none() {
        return new SpecialTokens(null, null);
    }

    /// @throws TanrenException `TOKENIZER_UNREADABLE`
    static SpecialTokens of(byte[] tokenizer, String where) {
        try {
            JsonNode added =
                    Json.mapper()
                            .readTree(new String(tokenizer, StandardCharsets.UTF_8))
                            .path("added_tokens");
            return new SpecialTokens(first(added, BEGINNINGS), first(added, ENDS));
        } catch (JsonProcessingException e) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "the file is not JSON: " + e.getOriginalMessage(),
                    where,
                    "Give a Hugging Face tokenizer.json.",
                    e);
        }
    }

    private static @Nullable Token first(JsonNode added, List<String> names) {
        for (String name : names) {
            for (JsonNode token : added) {
                if (token.path("content").asText().equals(name)) {
                    return new Token(name, token.path("id").asInt());
                }
            }
        }
        return null;
    }

    @Nullable Integer beginningId() {
        return beginning == null ? null : Integer.valueOf(beginning.id());
    }

    List<Integer> endIds() {
        return end == null ? List.of() : List.of(end.id());
    }
}
