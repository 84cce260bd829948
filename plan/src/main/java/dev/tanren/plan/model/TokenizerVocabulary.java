package dev.tanren.plan.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// The tokens of a Hugging Face `tokenizer.json` and their ids, known without loading it.
///
/// The `tokenizers` library does not take an added token's id from the file: one that the model's
/// vocabulary has keeps its id there, all others are numbered one after the other from the
/// vocabulary's size. A file that says otherwise would have two numberings, so it is refused.
public final class TokenizerVocabulary {

    private final JsonNode vocabulary;
    private final Map<String, Integer> added;
    private final int size;

    private TokenizerVocabulary(JsonNode vocabulary, Map<String, Integer> added) {
        this.vocabulary = vocabulary;
        this.added = added;
        int largest = vocabulary.isArray() ? vocabulary.size() - 1 : -1;
        for (JsonNode id : vocabulary) {
            largest = Math.max(largest, id.isInt() ? id.intValue() : -1);
        }
        for (int id : added.values()) {
            largest = Math.max(largest, id);
        }
        this.size = largest + 1;
    }

    /// @param where what errors call the file
    /// @throws TanrenException `TOKENIZER_UNREADABLE` where it is not JSON, or numbers its added
    ///     tokens otherwise than the `tokenizers` library
    public static TokenizerVocabulary read(byte[] tokenizerJson, String where) {
        JsonNode root;
        try {
            root = Json.mapper().readTree(tokenizerJson);
        } catch (JsonProcessingException e) {
            throw unreadable(Json.problem(e), where, e);
        } catch (IOException e) {
            throw unreadable(String.valueOf(e.getMessage()), where, e);
        }
        JsonNode vocabulary = root.path("model").path("vocab");
        Map<String, Integer> added = new LinkedHashMap<>();
        for (JsonNode token : root.path("added_tokens")) {
            added.putIfAbsent(token.path("content").asText(), token.path("id").asInt(-1));
        }
        TokenizerVocabulary read = new TokenizerVocabulary(vocabulary, added);
        read.requireOneNumbering(where);
        return read;
    }

    /// The largest id plus one, added tokens included.
    public int size() {
        return size;
    }

    /// The id of a token, added or of the model's vocabulary.
    public OptionalInt id(String content) {
        Integer id = added.get(content);
        return id == null ? ofModel(content) : OptionalInt.of(id);
    }

    /// What an id stands for, as the file spells it.
    public Optional<String> content(int id) {
        return added.entrySet().stream()
                .filter(token -> token.getValue() == id)
                .map(Map.Entry::getKey)
                .findFirst()
                .or(() -> contentOfModel(id));
    }

    /// Whether an id stands for a piece of text: one of the model's vocabulary that is no added
    /// token.
    public boolean ordinary(int id) {
        return !added.containsValue(id) && contentOfModel(id).isPresent();
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

    private OptionalInt ofModel(String content) {
        if (vocabulary.isArray()) {
            for (int id = 0; id < vocabulary.size(); id++) {
                if (content.equals(vocabulary.path(id).path(0).asText())) {
                    return OptionalInt.of(id);
                }
            }
            return OptionalInt.empty();
        }
        JsonNode id = vocabulary.path(content);
        return id.isInt() ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
    }

    private Optional<String> contentOfModel(int id) {
        if (vocabulary.isArray()) {
            return Optional.ofNullable(vocabulary.get(id)).map(piece -> piece.path(0).asText());
        }
        return vocabulary.properties().stream()
                .filter(token -> token.getValue().isInt() && token.getValue().intValue() == id)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static TanrenException unreadable(String what, String where, IOException cause) {
        return new TanrenException(
                ErrorCode.TOKENIZER_UNREADABLE,
                "the file is not JSON: " + what,
                where,
                "Give a Hugging Face tokenizer.json.",
                cause);
    }

    /// Follows the library: `add_tokens` of its `AddedVocabulary`.
    private void requireOneNumbering(String where) {
        int largest = -1;
        for (Map.Entry<String, Integer> token : added.entrySet()) {
            int next = Math.max(largest + 1, vocabulary.size());
            int given = ofModel(token.getKey()).orElse(next);
            if (given != token.getValue()) {
                throw new TanrenException(
                        ErrorCode.TOKENIZER_UNREADABLE,
                        "the added token `"
                                + token.getKey()
                                + "` has the id "
                                + token.getValue()
                                + " in the file, and the tokenizers library, which AutoTokenizer"
                                + " uses, gives it "
                                + given,
                        where,
                        "Number added tokens without holes, one after the other from the"
                                + " vocabulary's size ("
                                + vocabulary.size()
                                + "); AutoTokenizer's save_pretrained(folder) writes such a file.");
            }
            largest = Math.max(largest, given);
        }
    }
}
