package dev.tanren.activities.dataset.internal;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.activities.dataset.internal.text.TextCuts;
import dev.tanren.launch.DjlSettings;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.model.TokenizerVocabulary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// A Hugging Face `tokenizer.json` that turns a document into token ids. Safe for use by many
/// threads.
///
/// No special token is added but one: the end-of-text token after each document, where the
/// tokenizer defines one.
public final class TextTokenizer implements AutoCloseable {

    /// What published tokenizers call the token after a text, the most telling name first.
    private static final List<String> END_OF_TEXT =
            List.of("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "</s>", "<eos>", "[EOS]");

    private final HuggingFaceTokenizer tokenizer;
    private final long handle;
    private final int vocabSize;
    private final OptionalInt endOfText;
    private final TextCuts cuts;

    private TextTokenizer(
            HuggingFaceTokenizer tokenizer, int vocabSize, OptionalInt endOfText, TextCuts cuts) {
        this.cuts = cuts;
        this.tokenizer = tokenizer;
        this.handle = tokenizer.getHandle();
        this.vocabSize = vocabSize;
        this.endOfText = endOfText;
    }

    /// @param where what errors call the tokenizer
    /// @throws TanrenException `TOKENIZER_UNREADABLE`
    public static TextTokenizer of(byte[] tokenizerJson, String where) {
        DjlSettings.apply();
        try {
            JsonNode root = Json.mapper().readTree(tokenizerJson);
            HuggingFaceTokenizer tokenizer =
                    HuggingFaceTokenizer.newInstance(
                            new ByteArrayInputStream(tokenizerJson),
                            Map.of(
                                    "addSpecialTokens", "false",
                                    "truncation", "false",
                                    "padding", "false"));
            return new TextTokenizer(
                    tokenizer,
                    TokenizerVocabulary.of(root).size(),
                    endOfText(root),
                    TextCuts.of(root));
        } catch (IOException | RuntimeException e) {
            String why =
                    e instanceof JsonProcessingException json
                            ? Json.problem(json)
                            : String.valueOf(e.getMessage());
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "it is no Hugging Face tokenizer.json: " + why,
                    where,
                    "Give the tokenizer.json of the model; older formats can be converted with the"
                            + " tokenizers package.",
                    e);
        }
    }

    private static OptionalInt endOfText(JsonNode root) {
        for (String name : END_OF_TEXT) {
            for (JsonNode token : root.path("added_tokens")) {
                if (name.equals(token.path("content").asText())) {
                    return OptionalInt.of(token.path("id").intValue());
                }
            }
        }
        return OptionalInt.empty();
    }

    /// The largest token id plus one.
    public int vocabSize() {
        return vocabSize;
    }

    /// Where a long document may be given in pieces.
    public TextCuts cuts() {
        return cuts;
    }

    /// Token ids of a document.
    public int[] encode(String text) {
        return encode(text, true);
    }

    /// Token ids of a document's piece.
    ///
    /// DJL's own `encode` also makes strings and spans of every token, which takes longer than the
    /// tokenising; so this asks the library below it for the ids alone.
    ///
    /// @param last whether the document ends with it
    public int[] encode(String text, boolean last) {
        long encoding = TokenizersLibrary.LIB.encode(handle, text, false);
        long[] ids;
        try {
            ids = TokenizersLibrary.LIB.getTokenIds(encoding);
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
        boolean ends = last && endOfText.isPresent();
        int[] tokens = new int[ids.length + (ends ? 1 : 0)];
        for (int at = 0; at < ids.length; at++) {
            tokens[at] = (int) ids[at];
        }
        if (ends) {
            tokens[ids.length] = endOfText.getAsInt();
        }
        return tokens;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
