package dev.tanren.trainer.generate;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With a tokenizer that makes a token of each byte.
class TextStreamTest {

    @TempDir Path folder;
    private HuggingFaceTokenizer bytes;
    private final List<String> pieces = new ArrayList<>();

    @BeforeEach
    void tokenizer() throws IOException {
        DjlSettings.apply();
        ObjectNode vocabulary = Json.mapper().createObjectNode();
        int unprintable = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable =
                    (value >= '!' && value <= '~')
                            || (value >= 0xA1 && value <= 0xAC)
                            || value >= 0xAE;
            vocabulary.put(Character.toString(printable ? value : unprintable++), value);
        }
        bytes =
                read(
                        """
                {"version": "1.0", "added_tokens": [
                   {"id": 256, "content": "<end>", "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false}],
                 "normalizer": null, "post_processor": null,
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
                    "trim_offsets": true, "use_regex": false},
                 "decoder": {"type": "ByteLevel", "add_prefix_space": false,
                    "trim_offsets": true, "use_regex": false},
                 "model": {"type": "BPE", "merges": [], "vocab": %s}}
                """
                                .formatted(vocabulary));
    }

    private HuggingFaceTokenizer read(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
        return HuggingFaceTokenizer.newInstance(
                file, Map.of("truncation", "false", "padding", "false"));
    }

    @AfterEach
    void close() {
        bytes.close();
    }

    @Test
    void aCharacterIsGivenOnWithItsLastByteAndNotBefore() {
        TextStream stream = stream("a");
        int[] tokens = ids("né漢😀!");
        assertThat(tokens).hasSize(11);
        List<Integer> after = new ArrayList<>();
        for (int token : tokens) {
            stream.add(token);
            after.add(stream.text().codePointCount(0, stream.text().length()));
        }
        assertThat(after).containsExactly(1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5);
        stream.finish();
        assertThat(stream.text()).isEqualTo("né漢😀!");
        assertThat(pieces).containsExactly("n", "é", "漢", "😀", "!");
    }

    @Test
    void bytesThatAreNoCharacterAreGivenOnWithTheNextOneOrAtTheEnd() {
        TextStream stream = stream("a");
        int[] han = ids("漢");
        stream.add(han[0]);
        stream.add(ids("b")[0]);
        stream.add(han[0]);
        assertThat(pieces).containsExactly("\uFFFDb");
        stream.finish();
        assertThat(stream.text()).isEqualTo("\uFFFDb\uFFFD");
    }

    @Test
    void theTextEndsBeforeAStopTextThatIsSpreadOverTokens() {
        TextStream stream = stream("a", "END", "\n\n");
        assertThat(add(stream, "one E two EN th\nree END four"))
                .isEqualTo("one E two EN th\nree END".length());
        stream.finish();
        assertThat(stream.text()).isEqualTo("one E two EN th\nree ");
        assertThat(String.join("", pieces)).isEqualTo("one E two EN th\nree ");
    }

    @Test
    void theBeginningOfAStopTextIsHeldBackUntilItIsNone() {
        TextStream stream = stream("a", "abac");
        add(stream, "xaba");
        assertThat(stream.text()).isEqualTo("x");
        add(stream, "b");
        assertThat(stream.text()).isEqualTo("xab");
        stream.finish();
        assertThat(stream.text()).isEqualTo("xabab");
    }

    @Test
    void theEarliestOfSeveralStopTextsCountsAndOneInThePromptDoesNot() {
        TextStream stream = stream("stop s", "stop", "op", "p");
        assertThat(add(stream, "o good stop")).isEqualTo("o good sto".length() + 1);
        stream.finish();
        assertThat(stream.text()).isEqualTo("o good ");
    }

    @Test
    void specialTokensAreNoText() {
        TextStream stream = stream("a");
        add(stream, "b");
        stream.add(256);
        add(stream, "c");
        stream.finish();
        assertThat(stream.text()).isEqualTo("bc");
    }

    @Test
    void aSpaceThatADecoderTakesFromTheFirstTokenOfATextIsKept() throws IOException {
        try (HuggingFaceTokenizer words =
                read(
                        """
                        {"version": "1.0", "added_tokens": [], "normalizer": null,
                         "pre_tokenizer": {"type": "Metaspace", "replacement": "▁",
                            "prepend_scheme": "always", "split": true},
                         "decoder": {"type": "Metaspace", "replacement": "▁",
                            "prepend_scheme": "always", "split": true},
                         "post_processor": null,
                         "model": {"type": "WordLevel", "unk_token": "▁a",
                            "vocab": {"▁a": 0, "▁b": 1, "▁c": 2}}}
                        """)) {
            TextStream stream = new TextStream(words, List.of(0), List.of(), pieces::add);
            stream.add(1);
            stream.add(2);
            stream.add(1);
            stream.finish();
            assertThat(pieces).containsExactly(" b", " c", " b");
        }
    }

    @Test
    void aLongTextIsGivenOnAsItIsWhateverTheStopTexts() {
        String text = "Überall « ∑ » 日本語 and ASCII, ".repeat(20);
        TextStream stream = stream("prompt ", "never", "日本人");
        add(stream, text);
        stream.finish();
        assertThat(stream.text()).isEqualTo(text);
        assertThat(pieces.stream().collect(joining())).isEqualTo(text);
    }

    private TextStream stream(String prompt, String... stops) {
        List<Integer> before = Arrays.stream(ids(prompt)).boxed().toList();
        return new TextStream(bytes, before, List.of(stops), pieces::add);
    }

    /// @return how many tokens the stream took
    private int add(TextStream stream, String text) {
        int taken = 0;
        for (int token : ids(text)) {
            taken++;
            if (stream.add(token)) {
                break;
            }
        }
        return taken;
    }

    private int[] ids(String text) {
        return Arrays.stream(bytes.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
    }
}
