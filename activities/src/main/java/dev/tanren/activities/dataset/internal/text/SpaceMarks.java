package dev.tanren.activities.dataset.internal.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;

/// What a tokenizer of SentencePiece's kind does to spaces, as far as that tells where its text may
/// be cut: each space becomes the mark `▁`, and the mark begins a token.
///
/// Such a tokenizer merges over the whole text, words included, so a cut is right only where no
/// merge can reach across it. Every merge makes an entry of the vocabulary. Where none has a mark
/// behind another character, a mark behind a letter is the first character of its token whatever is
/// merged, and both sides are merged as if the other were not there.
enum SpaceMarks {
    /// A text is given the mark of its first space and no other.
    KEPT,
    /// Every text is given a mark before its first character.
    PREPENDED,
    /// Nothing that would be known to be right.
    UNKNOWN;

    private static final char MARK = '\u2581';
    private static final String MARKED = "\u2581";

    /// @param root of a `tokenizer.json`
    static SpaceMarks of(JsonNode root) {
        JsonNode normalizer = root.path("normalizer");
        JsonNode split = root.path("pre_tokenizer");
        if (added(root) || !root.path("model").path("vocab").has(MARKED)) {
            return UNKNOWN;
        }
        if (split.path("type").asText().equals("Metaspace")) {
            boolean splits = split.path("split").asBoolean(true);
            return split.path("replacement").asText().equals(MARKED)
                            && TextCuts.localNormalizer(normalizer)
                            && (splits || mergesEndAtMarks(root.path("model")))
                    ? KEPT
                    : UNKNOWN;
        }
        if (!(TextCuts.absent(split) || splitsAtPlainSpaces(split))
                || !mergesEndAtMarks(root.path("model"))) {
            return UNKNOWN;
        }
        if (replacesSpaces(normalizer)) {
            return KEPT;
        }
        JsonNode parts = normalizer.path("normalizers");
        boolean prepends =
                normalizer.path("type").asText().equals("Sequence")
                        && parts.size() == 2
                        && parts.path(0).path("type").asText().equals("Prepend")
                        && parts.path(0).path("prepend").asText().equals(MARKED)
                        && replacesSpaces(parts.path(1));
        return prepends ? PREPENDED : UNKNOWN;
    }

    /// Whether an added token has a space or a mark, which a cut might then go through.
    private static boolean added(JsonNode root) {
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asText();
            boolean blank = content.chars().anyMatch(Character::isWhitespace);
            if (token.path("normalized").asBoolean() && (blank || content.indexOf(MARK) >= 0)) {
                return true;
            }
        }
        return false;
    }

    private static boolean replacesSpaces(JsonNode normalizer) {
        return normalizer.path("type").asText().equals("Replace")
                && normalizer.path("pattern").path("String").asText().equals(" ")
                && normalizer.path("content").asText().equals(MARKED);
    }

    /// Gemma's, which finds none: they are marks by then.
    private static boolean splitsAtPlainSpaces(JsonNode split) {
        return split.path("type").asText().equals("Split")
                && split.path("pattern").path("String").asText().equals(" ");
    }

    private static boolean mergesEndAtMarks(JsonNode model) {
        if (!model.path("type").asText().equals("BPE")
                || model.path("ignore_merges").asBoolean()
                || !model.path("continuing_subword_prefix").asText("").isEmpty()
                || !model.path("end_of_word_suffix").asText("").isEmpty()) {
            return false;
        }
        for (Iterator<String> tokens = model.path("vocab").fieldNames(); tokens.hasNext(); ) {
            if (goesOnAcrossASpace(tokens.next())) {
                return false;
            }
        }
        return true;
    }

    private static boolean goesOnAcrossASpace(String token) {
        int last = token.lastIndexOf(MARK);
        return last > 0 && token.chars().limit(last).anyMatch(before -> before != MARK);
    }
}
