package dev.tanren.activities.dataset.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.activities.dataset.internal.TextTokenizer;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Pieces must give the tokens of the whole, whatever the text.
class TextPiecesTest {

    private static final List<String> PARTS =
            List.of(
                    "a",
                    "the",
                    "don't",
                    " ",
                    "  ",
                    "\n",
                    "\n\n",
                    "\t",
                    "\r\n",
                    "。",
                    "漢字",
                    "é",
                    "e\u0301",
                    "😀",
                    "12",
                    "1234567",
                    "!",
                    "...\n",
                    "\u3000",
                    "\u00a0",
                    "<|endoftext|>",
                    "<|end",
                    "of|>",
                    "</s>",
                    " the",
                    " of",
                    "and ",
                    "{\"k\": [1]}");

    @ParameterizedTest
    @CsvSource({
        "bytes, TEXT",
        "gpt2, TEXT",
        "llama3, TEXT",
        "whitespace, TEXT",
        "llama2, TEXT",
        "gemma, TEXT",
        "metaspace, TEXT",
        "metaspace-whole, TEXT",
        "taking, PARSE",
        "bytes, PARSE",
        "gpt2, PARSE",
        "llama3, PARSE",
        "whitespace, PARSE",
        "llama2, PARSE",
        "gemma, PARSE",
        "metaspace, PARSE",
        "metaspace-whole, PARSE"
    })
    void piecesGiveTheTokensOfTheWhole(String kind, Dataset.SpecialTokens specialTokens)
            throws IOException {
        try (TextTokenizer tokenizer = tokenizer(kind, specialTokens)) {
            int all = 0;
            for (long seed = 0; seed < 300; seed++) {
                String text = text(new Random(seed), 400);

                List<Integer> joined = new ArrayList<>();
                TextPieces pieces =
                        new TextPieces(new StringReader(text), tokenizer.cuts(), 40, 1 << 16);
                int count = 0;
                for (Optional<String> piece = pieces.next();
                        piece.isPresent();
                        piece = pieces.next()) {
                    IntStream.of(tokenizer.encode(piece.get(), false)).forEach(joined::add);
                    count++;
                }

                assertThat(joined)
                        .as("seed %d", seed)
                        .containsExactlyElementsOf(
                                IntStream.of(tokenizer.encode(text, false)).boxed().toList());
                assertThat(count).as("seed %d", seed).isGreaterThan(1);
                all += count;
            }
            assertThat(all).as("pieces of all texts").isGreaterThan(300 * 5);
        }
    }

    @Test
    void aTokenizerThatLooksFurtherIsGivenTheWholeUpToTheMost() throws IOException {
        try (TextTokenizer tokenizer = tokenizer("across", Dataset.SpecialTokens.TEXT)) {
            String text = "word ".repeat(20);

            assertThat(new TextPieces(new StringReader(text), tokenizer.cuts(), 8, 128).next())
                    .contains(text);
            assertThatThrownBy(
                            () ->
                                    new TextPieces(
                                                    new StringReader(text.repeat(2)),
                                                    tokenizer.cuts(),
                                                    8,
                                                    128)
                                            .next())
                    .isInstanceOf(TextPieces.NoCutException.class);
        }
    }

    private static String text(Random random, int parts) {
        StringBuilder text = new StringBuilder();
        for (int part = 0; part < parts; part++) {
            text.append(PARTS.get(random.nextInt(PARTS.size())));
        }
        return text.toString();
    }

    /// The tokenizer of bytes with some merges, cut into words as a family does.
    private static TextTokenizer tokenizer(String kind, Dataset.SpecialTokens specialTokens)
            throws IOException {
        ObjectNode root;
        try (var in = TextPiecesTest.class.getResourceAsStream("/bytes-tokenizer.json")) {
            root = (ObjectNode) Json.mapper().readTree(in);
        }
        if (kind.equals("bytes")) {
            return tokenizer(root, specialTokens);
        }
        ObjectNode model = (ObjectNode) root.path("model");
        ObjectNode vocabulary = (ObjectNode) model.path("vocab");
        var merges = model.putArray("merges");
        String[] pairs = {
            "t h", "th e", "Ġ the", "Ġ Ġ", "Ċ Ċ", "a Ġ", "a n", "an d", "1 2", "12 3", "! Ċ", ". .",
            ".. .", "... Ċ", "e Ċ", "Ġ 1"
        };
        int id = 256;
        for (String pair : pairs) {
            merges.add(pair);
            vocabulary.put(pair.replace(" ", ""), id++);
        }
        ((ObjectNode) root.path("added_tokens").path(0)).put("id", id);
        ObjectNode byteLevel =
                Json.mapper()
                        .createObjectNode()
                        .put("type", "ByteLevel")
                        .put("add_prefix_space", false)
                        .put("trim_offsets", true)
                        .put("use_regex", kind.equals("gpt2"));
        switch (kind) {
            case "gpt2" -> root.set("pre_tokenizer", byteLevel);
            case "llama3" -> {
                ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
                var parts = sequence.putArray("pretokenizers");
                ObjectNode split = parts.addObject().put("type", "Split");
                split.putObject("pattern")
                        .put(
                                "Regex",
                                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
                                        + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                                        + "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
                split.put("behavior", "Isolated").put("invert", false);
                parts.add(byteLevel);
            }
            case "taking" -> {
                ObjectNode taking = (ObjectNode) root.path("added_tokens").path(0);
                taking.put("lstrip", true).put("rstrip", true);
            }
            case "whitespace" -> {
                ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
                var parts = sequence.putArray("pretokenizers");
                parts.addObject().put("type", "Whitespace");
                parts.add(byteLevel);
            }
            default -> SentencePieceLike.make(root, kind);
        }
        return tokenizer(root, specialTokens);
    }

    private static TextTokenizer tokenizer(ObjectNode root, Dataset.SpecialTokens specialTokens) {
        return TextTokenizer.of(
                root.toString().getBytes(StandardCharsets.UTF_8),
                "test",
                OptionalInt.empty(),
                specialTokens);
    }
}
