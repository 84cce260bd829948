package dev.tanren.spec.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.IOException;

/// How many ids a Hugging Face `tokenizer.json` can give, known without loading it.
///
/// @param size the largest id plus one, added tokens included
public record TokenizerVocabulary(int size) {

    /// @param where what errors call the file
    /// @throws TanrenException `TOKENIZER_UNREADABLE` where it is not JSON
    public static TokenizerVocabulary read(byte[] tokenizerJson, String where) {
        try {
            return of(Json.mapper().readTree(tokenizerJson));
        } catch (JsonProcessingException e) {
            throw unreadable(Json.problem(e), where, e);
        } catch (IOException e) {
            throw unreadable(String.valueOf(e.getMessage()), where, e);
        }
    }

    private static TanrenException unreadable(String what, String where, IOException cause) {
        return new TanrenException(
                ErrorCode.TOKENIZER_UNREADABLE,
                "the file is not JSON: " + what,
                where,
                "Give a Hugging Face tokenizer.json.",
                cause);
    }

    public static TokenizerVocabulary of(JsonNode root) {
        int largest = -1;
        JsonNode vocabulary = root.path("model").path("vocab");
        if (vocabulary.isArray()) {
            largest = vocabulary.size() - 1;
        }
        for (JsonNode id : vocabulary) {
            largest = Math.max(largest, id.isInt() ? id.intValue() : -1);
        }
        for (JsonNode token : root.path("added_tokens")) {
            largest = Math.max(largest, token.path("id").asInt(-1));
        }
        return new TokenizerVocabulary(largest + 1);
    }

    /// @throws TanrenException `TOKENIZER_MISMATCH` where it has ids that a model does not know
    public void requireWithin(int modelVocabSize, String where) {
        if (size > modelVocabSize) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_MISMATCH,
                    "the tokenizer has "
                            + size
                            + " tokens and the model a vocabSize of "
                            + modelVocabSize,
                    where,
                    "Use the tokenizer that the model was made with, or a larger vocabSize.");
        }
    }
}
