package dev.tanren.trainer.export;

import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.EndTokens.EndToken;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.TokenIds;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.storage.weights.StoredModelFolder;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// The special tokens of what is published: those that the base model's configuration names, each
/// as it names it, whether a tokenizer knows them or not; of fresh weights, those that the
/// tokenizer's files tell.
///
/// @param ids of `config.json`
/// @param beginning how the tokenizer spells what begins a text; null where it has no such token
/// @param end what ends a document; null where nothing does
/// @param padding how it spells what fills a batch; null where none is named
/// @param generatedEnds ids that end a text that is generated
record SpecialTokens(
        TokenIds ids,
        @Nullable String beginning,
        @Nullable EndToken end,
        @Nullable String padding,
        List<Integer> generatedEnds) {

    private static final List<String> BEGINNINGS =
            List.of("<|begin_of_text|>", "<s>", "<bos>", "[BOS]");

    SpecialTokens {
        generatedEnds = List.copyOf(generatedEnds);
    }

    /// @param folder the base model's files, or those beside the tokenizer
    /// @param tokenizer null where there is none
    /// @throws dev.tanren.plan.error.TanrenException `MODEL_CONFIGURATION` for side files that
    ///     cannot be read
    static SpecialTokens of(
            StoredModelFolder folder, @Nullable TokenizerVocabulary tokenizer, int vocabSize) {
        EndTokens ends = EndTokens.read(tokenizer, folder, vocabSize);
        TokenIds ids = ids(folder, tokenizer).endingWith(ends.generated());
        return new SpecialTokens(
                ids,
                spelling(tokenizer, ids.one(TokenIds.BOS)),
                ends.document(),
                spelling(tokenizer, ids.one(TokenIds.PAD)),
                ends.generated());
    }

    private static TokenIds ids(StoredModelFolder folder, @Nullable TokenizerVocabulary tokenizer) {
        return folder.find(ModelFiles.CONFIGURATION)
                .map(
                        json ->
                                HuggingFaceConfiguration.read(
                                                json, folder.where(ModelFiles.CONFIGURATION))
                                        .tokenIds())
                .orElseGet(() -> TokenIds.of(beginning(tokenizer), List.of()));
    }

    private static @Nullable Integer beginning(@Nullable TokenizerVocabulary tokenizer) {
        if (tokenizer == null) {
            return null;
        }
        return BEGINNINGS.stream()
                .map(tokenizer::id)
                .filter(OptionalInt::isPresent)
                .map(OptionalInt::getAsInt)
                .findFirst()
                .orElse(null);
    }

    /// Null as well for an id that stands for a piece of text.
    private static @Nullable String spelling(
            @Nullable TokenizerVocabulary tokenizer, @Nullable Integer id) {
        return tokenizer == null || id == null || tokenizer.ordinary(id)
                ? null
                : tokenizer.content(id).orElse(null);
    }

    /// What fills a batch: the token named for it or else what ends a document.
    @Nullable String paddingOrEnd() {
        return padding == null ? endSpelling() : padding;
    }

    /// How the tokenizer spells what ends a document; null where it has no such token.
    @Nullable String endSpelling() {
        return end == null ? null : end.content();
    }
}
