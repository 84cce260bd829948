package dev.tanren.plan;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A named collection of documents, or of ready tokens.
///
/// @param holdout fraction of the documents kept out of training for evaluation, chosen by the hash
///     of their content
/// @param specialTokens what becomes of a text that spells a special token; plans of before there
///     was a choice do not name it
public record Dataset(
        List<Source> sources,
        Quality quality,
        Order order,
        double holdout,
        SpecialTokens specialTokens) {

    public Dataset {
        sources = List.copyOf(sources);
        specialTokens = Objects.requireNonNullElse(specialTokens, SpecialTokens.TEXT);
    }

    /// Whose texts are text throughout.
    public Dataset(List<Source> sources, Quality quality, Order order, double holdout) {
        this(sources, quality, order, holdout, SpecialTokens.TEXT);
    }

    /// @param include glob below `uri`; null means every file
    /// @param textField name of the JSON field that holds the text of a JSONL line
    public record Source(String uri, @Nullable String include, String textField, Format format) {}

    /// How the bytes of a source are read.
    public enum Format {
        /// By the file's name: `.jsonl`, `.jsonl.gz`, `.jsonl.zst` are JSON lines, all else is one
        /// text document a file.
        AUTO,
        TEXT,
        JSONL,
        /// Little-endian unsigned 16-bit token ids, one stream without document boundaries.
        TOKENS_U16,
        /// Little-endian unsigned 32-bit token ids, one stream without document boundaries.
        TOKENS_U32
    }

    public enum Order {
        SHUFFLED,
        SEQUENTIAL
    }

    /// What becomes of the spelling of a special token, such as `<|endoftext|>`, in a document.
    public enum SpecialTokens {
        /// It is text like any other: a document cannot end, or begin, another one.
        TEXT,
        /// It is that token.
        PARSE
    }

    /// @param tiers number of equally large tiers that documents are ranked into, 1 to 3
    public record Quality(Scorer scorer, int tiers) {}

    public enum Scorer {
        NONE,
        HEURISTIC
    }

    /// A tier of quality, best first. With two tiers, `GOLD` and `SILVER` exist.
    public enum Tier {
        GOLD,
        SILVER,
        BRONZE;

        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
