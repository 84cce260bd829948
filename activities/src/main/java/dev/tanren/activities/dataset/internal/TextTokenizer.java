package dev.tanren.activities.dataset.internal;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tanren.activities.dataset.internal.text.TextCuts;
import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.TokenizerVocabulary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalInt;

/// A Hugging Face `tokenizer.json` that turns a document into token ids. Safe for use by many
/// threads.
///
/// No special token is added but one: that which ends a document, where the model has one.
public final class TextTokenizer implements AutoCloseable {

    private final HuggingFaceTokenizer tokenizer;
    private final long handle;
    private final int vocabSize;
    private final OptionalInt endOfDocument;
    private final TextCuts cuts;

    private TextTokenizer(
            HuggingFaceTokenizer tokenizer,
            int vocabSize,
            OptionalInt endOfDocument,
            TextCuts cuts) {
        this.cuts = cuts;
        this.tokenizer = tokenizer;
        this.handle = tokenizer.getHandle();
        this.vocabSize = vocabSize;
        this.endOfDocument = endOfDocument;
    }

    /// @param where what errors call the tokenizer
    /// @param endOfDocument comes after each document
    /// @param specialTokens what becomes of a document that spells one
    /// @throws TanrenException `TOKENIZER_UNREADABLE`
    public static TextTokenizer of(
            byte[] tokenizerJson,
            String where,
            OptionalInt endOfDocument,
            Dataset.SpecialTokens specialTokens) {
        DjlSettings.apply();
        int size = TokenizerVocabulary.read(tokenizerJson, where).size();
        try {
            byte[] json =
                    switch (specialTokens) {
                        case TEXT -> UnspelledTokens.of(tokenizerJson);
                        case PARSE -> tokenizerJson;
                    };
            HuggingFaceTokenizer tokenizer =
                    HuggingFaceTokenizer.newInstance(
                            new ByteArrayInputStream(json),
                            Map.of(
                                    "addSpecialTokens", "false",
                                    "truncation", "false",
                                    "padding", "false"));
            return new TextTokenizer(
                    tokenizer,
                    Math.max(size, endOfDocument.orElse(-1) + 1),
                    endOfDocument,
                    TextCuts.of(Json.mapper().readTree(json)));
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

    /// The largest token id plus one, that which ends a document included.
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
        boolean ends = last && endOfDocument.isPresent();
        int[] tokens = new int[ids.length + (ends ? 1 : 0)];
        for (int at = 0; at < ids.length; at++) {
            tokens[at] = (int) ids[at];
        }
        if (ends) {
            tokens[ids.length] = endOfDocument.getAsInt();
        }
        return tokens;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
