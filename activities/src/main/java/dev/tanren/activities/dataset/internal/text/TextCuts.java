package dev.tanren.activities.dataset.internal.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Where a tokenizer may be given a text in pieces, so that the pieces' tokens are the whole's.
///
/// It is read off `tokenizer.json`, and only what is known to be right is used:
///
/// - a BPE model without merges makes tokens of single characters: it may be cut between any two
/// - pre-tokenizers that end a word before white space, whatever surrounds it: behind a letter and
///   before white space
/// - SentencePiece's kind (Llama 2, Mistral 0.1, Gemma), which makes a mark of each space: between
///   a letter and a space before a letter, where no token of the vocabulary goes on across a space,
///   see [SpaceMarks]
/// - every other tokenizer: nowhere
///
/// An added token is never cut through. Where one takes the white space beside it (`lstrip`,
/// `rstrip`), no run of white space is cut through either.
public final class TextCuts {

    /// Patterns of published tokenizers, in all of which a match with a letter before white space
    /// ends there, and nothing looks behind itself: GPT-2 (written out); GPT-4 and Llama 3; Qwen 2;
    /// GPT-4o; and the demo's own.
    private static final Set<String> WORD_PATTERNS =
            Set.of(
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
                            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
                            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+|\\s*[\\r\\n]+|"
                            + "\\s+(?!\\S)|\\s+",
                    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
                            + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
                            + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
                            + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
                            + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|"
                            + "\\s+(?!\\S)|\\s+");

    private static final Set<String> LOCAL_NORMALIZERS =
            Set.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer");

    private static final Set<String> WHITE_SPACE_SPLITTERS =
            Set.of("Whitespace", "WhitespaceSplit", "BertPreTokenizer");

    private enum Kind {
        ANYWHERE,
        BEFORE_WHITE_SPACE,
        BEFORE_SPACE,
        /// The tokenizer puts a mark before each piece, as if a space were there.
        AROUND_SPACE,
        NOWHERE
    }

    private final Kind kind;
    private final List<Added> added;
    private final boolean takesWhiteSpace;

    private TextCuts(Kind kind, List<Added> added) {
        this.kind = kind;
        this.added = List.copyOf(added);
        this.takesWhiteSpace = added.stream().anyMatch(Added::looksAround);
    }

    /// @param root of a `tokenizer.json`
    public static TextCuts of(JsonNode root) {
        List<Added> added = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asText();
            if (!content.isEmpty()) {
                boolean looksAround =
                        token.path("lstrip").asBoolean()
                                || token.path("rstrip").asBoolean()
                                || token.path("single_word").asBoolean();
                added.add(new Added(content, looksAround));
            }
        }
        return new TextCuts(kind(root), added);
    }

    private static Kind kind(JsonNode root) {
        JsonNode model = root.path("model");
        JsonNode split = root.path("pre_tokenizer");
        if (model.path("dropout").asDouble(0) != 0) {
            return Kind.NOWHERE;
        }
        if (singleCharacters(model) && absent(root.path("normalizer")) && keepsAll(split)) {
            return Kind.ANYWHERE;
        }
        if (localNormalizer(root.path("normalizer")) && splitsBeforeWhiteSpace(split)) {
            return Kind.BEFORE_WHITE_SPACE;
        }
        return switch (SpaceMarks.of(root)) {
            case KEPT -> Kind.BEFORE_SPACE;
            case PREPENDED -> Kind.AROUND_SPACE;
            case UNKNOWN -> Kind.NOWHERE;
        };
    }

    private static boolean singleCharacters(JsonNode model) {
        return model.path("type").asText().equals("BPE")
                && model.path("merges").isArray()
                && model.path("merges").isEmpty()
                && !model.path("ignore_merges").asBoolean()
                && !model.path("fuse_unk").asBoolean()
                && model.path("continuing_subword_prefix").asText("").isEmpty()
                && model.path("end_of_word_suffix").asText("").isEmpty();
    }

    private static boolean keepsAll(JsonNode split) {
        return absent(split) || byteLevel(split);
    }

    private static boolean byteLevel(JsonNode split) {
        return split.path("type").asText().equals("ByteLevel")
                && !split.path("add_prefix_space").asBoolean(true);
    }

    /// Whether what it makes of a character does not depend on what is beyond a space.
    static boolean localNormalizer(JsonNode normalizer) {
        String type = normalizer.path("type").asText();
        if (type.equals("Sequence")) {
            for (JsonNode part : normalizer.path("normalizers")) {
                if (!localNormalizer(part)) {
                    return false;
                }
            }
            return true;
        }
        return absent(normalizer) || LOCAL_NORMALIZERS.contains(type);
    }

    /// Whether the splitting ends a word behind a letter and before white space, and what begins
    /// there does not depend on what came before.
    private static boolean splitsBeforeWhiteSpace(JsonNode split) {
        String type = split.path("type").asText();
        if (type.equals("Sequence")) {
            boolean splits = false;
            for (JsonNode part : split.path("pretokenizers")) {
                boolean word = splitsBeforeWhiteSpace(part);
                if (!word && !byteLevel(part) && !part.path("type").asText().equals("Digits")) {
                    return false;
                }
                splits |= word;
            }
            return splits;
        }
        if (type.equals("Split")) {
            String behavior = split.path("behavior").asText();
            boolean keepsMatches =
                    behavior.equals("Isolated")
                            || (behavior.equals("Removed") && split.path("invert").asBoolean());
            return keepsMatches
                    && WORD_PATTERNS.contains(split.path("pattern").path("Regex").asText());
        }
        return WHITE_SPACE_SPLITTERS.contains(type)
                || (byteLevel(split) && split.path("use_regex").asBoolean(true));
    }

    static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    /// How many characters behind a cut must be known to tell that no added token lies across it.
    int lookahead() {
        return 1 + added.stream().mapToInt(token -> token.content().length()).max().orElse(1);
    }

    /// How many characters behind a cut are in neither piece, because the tokenizer puts in itself
    /// what they stand for.
    int leftOut() {
        return kind == Kind.AROUND_SPACE ? 1 : 0;
    }

    /// The last place where the text may be cut.
    ///
    /// @param length of the text in `text`
    /// @param after places up to this one are not asked for
    /// @return how many characters come before it; -1 where there is none
    int last(char[] text, int length, int after) {
        for (int at = length - lookahead(); at > after && kind != Kind.NOWHERE; at--) {
            if (fits(text, at)
                    && !acrossToken(text, length, at)
                    && !(spaces() && beginsToken(text, at + 1))) {
                return at;
            }
        }
        return -1;
    }

    private boolean acrossToken(char[] text, int length, int at) {
        return added.stream().anyMatch(token -> token.across(text, length, at));
    }

    private boolean spaces() {
        return kind == Kind.BEFORE_SPACE || kind == Kind.AROUND_SPACE;
    }

    private boolean beginsToken(char[] text, int at) {
        return added.stream().anyMatch(token -> token.begins(text, at));
    }

    private boolean fits(char[] text, int at) {
        return switch (kind) {
            case ANYWHERE ->
                    !Character.isLowSurrogate(text[at])
                            && !(takesWhiteSpace && (white(text[at - 1]) || white(text[at])));
            case BEFORE_WHITE_SPACE ->
                    (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')
                            && Character.isLetter(text[at - 1]);
            case BEFORE_SPACE, AROUND_SPACE ->
                    text[at] == ' '
                            && Character.isLetter(text[at - 1])
                            && Character.isLetter(text[at + 1]);
            case NOWHERE -> false;
        };
    }

    private static boolean white(char character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character);
    }

    /// @param looksAround whether what stands beside the token decides what it takes
    private record Added(String content, boolean looksAround) {

        private boolean across(char[] text, int length, int at) {
            int margin = looksAround ? 0 : 1;
            int first = Math.max(0, at - content.length() + margin);
            int last = Math.min(length - content.length(), at - margin);
            for (int start = first; start <= last; start++) {
                if (begins(text, start)) {
                    return true;
                }
            }
            return false;
        }

        private boolean begins(char[] text, int start) {
            for (int index = 0; index < content.length(); index++) {
                if (text[start + index] != content.charAt(index)) {
                    return false;
                }
            }
            return true;
        }
    }
}
