package dev.tanren.activities.dataset.internal.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// Tokenizers that make a mark of each space and merge over the whole text, as `transformers`
/// writes those of SentencePiece.
final class SentencePieceLike {

    private static final String MARK = "▁";

    private static final String[] PAIRS = {
        "t h", "th e", "▁ the", "▁ ▁", "▁▁ ▁▁", "a n", "an d", "▁ and", "1 2", "12 3", ". .", "▁ o",
        "▁o f", "o f", "▁ 1", "▁ t", "▁ a", "漢 字"
    };

    private SentencePieceLike() {}

    /// @param root of a tokenizer whose model and splitting are replaced
    /// @param kind `llama2`, `gemma`, `metaspace`, `metaspace-whole`, or `across`, which has a
    ///     token that goes on across a space
    static void make(ObjectNode root, String kind) {
        model(root, kind);
        switch (kind) {
            case "metaspace", "metaspace-whole" -> {
                root.putNull("normalizer");
                root.putObject("pre_tokenizer")
                        .put("type", "Metaspace")
                        .put("replacement", MARK)
                        .put("prepend_scheme", kind.equals("metaspace") ? "always" : "first")
                        .put("split", kind.equals("metaspace"));
            }
            case "gemma" -> {
                replace(root.putObject("normalizer"));
                ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
                split.putObject("pattern").put("String", " ");
                split.put("behavior", "MergedWithPrevious").put("invert", false);
            }
            default -> {
                ObjectNode sequence = root.putObject("normalizer").put("type", "Sequence");
                ArrayNode parts = sequence.putArray("normalizers");
                parts.addObject().put("type", "Prepend").put("prepend", MARK);
                replace(parts.addObject());
                root.putNull("pre_tokenizer");
            }
        }
    }

    private static void replace(ObjectNode normalizer) {
        normalizer.put("type", "Replace").put("content", MARK);
        normalizer.putObject("pattern").put("String", " ");
    }

    private static void model(ObjectNode root, String kind) {
        ObjectNode model = root.putObject("model").put("type", "BPE").put("unk_token", "<unk>");
        model.put("fuse_unk", true).put("byte_fallback", true);
        ObjectNode vocabulary = model.putObject("vocab");
        ArrayNode merges = model.putArray("merges");
        int id = 0;
        vocabulary.put("<unk>", id++);
        for (int value = 0; value < 256; value++) {
            vocabulary.put("<0x%02X>".formatted(value), id++);
        }
        for (char character = '!'; character < 127; character++) {
            vocabulary.put(String.valueOf(character), id++);
        }
        for (String more : new String[] {MARK, "漢", "字"}) {
            vocabulary.put(more, id++);
        }
        for (String pair : PAIRS) {
            merges.add(pair);
            vocabulary.put(pair.replace(" ", ""), id++);
        }
        if (kind.equals("across")) {
            merges.add("d ▁");
            vocabulary.put("d▁", id++);
        }
        ((ObjectNode) root.path("added_tokens").path(0)).put("id", id);
    }
}
