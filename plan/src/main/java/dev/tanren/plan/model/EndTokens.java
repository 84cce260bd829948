package dev.tanren.plan.model;

import dev.tanren.plan.error.TanrenException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The tokens that end a model's texts, by what its files declare. Everything that ends a text goes
/// by this: documents that are trained on, generation, the gate's sample, what is published.
///
/// @param document ends each document that is trained on; null where the model has no end token
/// @param generated ids that end a text that is generated, the document's among them
public record EndTokens(@Nullable EndToken document, List<Integer> generated) {

    public static final EndTokens NONE = new EndTokens(null, List.of());

    public EndTokens {
        generated = List.copyOf(generated);
    }

    /// A token that ends a text, and how that is known.
    ///
    /// @param content as the tokenizer spells it; null where it has no such token
    /// @param declaredBy the file that declares it; null where no file declares any, and it is
    ///     known by its name
    public record EndToken(int id, @Nullable String content, @Nullable String declaredBy) {

        /// Such as "`</s>` (2), which `tokenizer_config.json` declares".
        public String describe() {
            String token = content == null ? "token " + id : "`" + content + "` (" + id + ")";
            return declaredBy == null
                    ? token + ", known by its name, since no file declares an end token"
                    : token + ", which `" + declaredBy + "` declares";
        }
    }

    /// What ends the documents of a model, as a sentence.
    public String describe() {
        EndToken end = document;
        return end == null
                ? "documents have no token at their end: the model's files declare none, and its"
                        + " tokenizer has none of a known name"
                : "documents end in " + end.describe();
    }

    public Optional<EndToken> ofDocuments() {
        return Optional.ofNullable(document);
    }

    /// Reads what the files declare: `eos_token` of `tokenizer_config.json` and
    /// `special_tokens_map.json`, `eos_token_id` of `config.json` and `generation_config.json`.
    ///
    /// Documents end in the one that is declared; where several are, in the one that raw text of
    /// the family ends with, which is not what ends a turn of a chat (`<|im_end|>`, `<|eot_id|>`).
    /// A well-known name counts only where none is declared, or what is declared is an ordinary
    /// piece of text. Generation ends as in `transformers`, by `generation_config.json` or else
    /// `config.json`, and with the token that documents end in,
    /// where that is no piece of text.
    ///
    /// @param tokenizer null where there is none
    /// @param vocabSize of the model; ids that it does not have end no document
    /// @throws TanrenException `MODEL_CONFIGURATION` where one of these files cannot be read
    public static EndTokens read(
            @Nullable TokenizerVocabulary tokenizer, ModelFolder folder, int vocabSize) {
        return new EndTokenReader(tokenizer, folder, vocabSize).read();
    }
}
