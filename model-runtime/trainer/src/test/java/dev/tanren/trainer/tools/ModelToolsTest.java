package dev.tanren.trainer.tools;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelToolsTest {

    @TempDir Path folder;

    @Test
    void logitsOfAFolderAreWrittenInTheShapeThatWasAsked() throws IOException, URISyntaxException {
        Path model = fixture("bf16-shards");
        Path out = folder.resolve("logits.safetensors");
        LogitsMain.run(
                "--model",
                model.toString(),
                "--tokens",
                tokens("[[0,7,14],[21,28,35]]"),
                "--out",
                out.toString(),
                "--threads",
                "2");

        try (SafetensorsFile written = SafetensorsFile.open(out);
                SafetensorsFile expected =
                        SafetensorsFile.open(model.resolve("expected.safetensors"))) {
            assertThat(written.tensor("logits").shape()).containsExactly(2L, 3L, 101L);
            for (long i = 0; i < 3 * 101; i++) {
                assertThat(written.tensor("logits").bytes().get(JAVA_FLOAT_UNALIGNED, 4 * i))
                        .isCloseTo(
                                expected.tensor("logits").bytes().get(JAVA_FLOAT_UNALIGNED, 4 * i),
                                within(1e-4f));
            }
        }
    }

    @Test
    void raggedOrForeignTokensAndUnknownOptionsAreUsageErrors()
            throws IOException, URISyntaxException {
        String model = fixture("bf16-shards").toString();
        assertUsage("mixed", "--model", model, "--tokens", tokens("[[1],[1,2]]"), "--out", "x");
        assertUsage("token 101", "--model", model, "--tokens", tokens("[[101]]"), "--out", "x");
        assertUsage("no tokens", "--model", model, "--tokens", tokens("[]"), "--out", "x");
        assertUsage("not a JSON array", "--model", model, "--tokens", tokens("{}"), "--out", "x");
        assertUsage("row 0 is not", "--model", model, "--tokens", tokens("[7]"), "--out", "x");
        assertUsage(
                "row 1 has `1.5`",
                "--model",
                model,
                "--tokens",
                tokens("[[1],[1.5]]"),
                "--out",
                "x");
        assertUsage("has `\"7\"`", "--model", model, "--tokens", tokens("[[\"7\"]]"), "--out", "x");
        assertUsage("has `null`", "--model", model, "--tokens", tokens("[[null]]"), "--out", "x");
        assertUsage("no JSON", "--model", model, "--tokens", tokens("[[1"), "--out", "x");
        assertUsage("no tokens", "--model", model, "--tokens", tokens("[[]]"), "--out", "x");
        assertUsage("token -1", "--model", model, "--tokens", tokens("[[-1]]"), "--out", "x");
        assertUsage("cannot be read", "--model", model, "--tokens", folder + "/none", "--out", "x");
        String row = IntStream.rangeClosed(0, 64).mapToObj(i -> "1").collect(joining(","));
        assertUsage(
                "rows of 65 tokens for a model of 64 positions",
                "--model",
                model,
                "--tokens",
                tokens("[[" + row + "]]"),
                "--out",
                "x");
        assertUsage("`--out` is missing", "--model", model);
        assertUsage("`--wat` is no option", "--wat", "1");
        assertUsage("is below 1", "--out", "x", "--tokens", tokens("[[1]]"), "--threads", "0");
    }

    @Test
    void aFolderWithoutAModelOrWithoutWeightsIsNamed() throws IOException, URISyntaxException {
        String tokens = tokens("[[1]]");
        assertCode(
                ErrorCode.MODEL_MISSING,
                () -> LogitsMain.run("--model", folder + "/no", "--tokens", tokens, "--out", "x"));
        Files.copy(fixture("grouped-untied").resolve("config.json"), folder.resolve("config.json"));
        assertCode(
                ErrorCode.MODEL_MISSING,
                () ->
                        LogitsMain.run(
                                "--model", folder.toString(), "--tokens", tokens, "--out", "x"));
        assertCode(ErrorCode.MODEL_MISSING, () -> generate("w1"));
    }

    @Test
    void aTextIsContinuedByTheLikeliestTokensAndAlwaysTheSame() throws Exception {
        model(101);
        String text = generate("w1 w2 w3", "--tokens", "5");
        assertThat(text).startsWith("w1 w2 w3 ");
        assertThat(text.split(" ", -1)).hasSizeBetween(4, 8);
        assertThat(generate("w1 w2 w3", "--tokens", "5")).isEqualTo(text);

        Path logits = folder.resolve("logits.safetensors");
        LogitsMain.run(
                "--model",
                folder.toString(),
                "--tokens",
                tokens("[[1,2,3]]"),
                "--out",
                logits.toString());
        assertThat(text.split(" ", -1)[3]).isEqualTo("w" + likeliest(logits, 2));
    }

    @Test
    void aTemperatureDrawsBySeed() throws Exception {
        model(101);
        List<String> drawn = new ArrayList<>();
        for (int seed = 0; seed < 4; seed++) {
            String[] options = {
                "--tokens", "6", "--temperature", "1.5", "--seed", Integer.toString(seed)
            };
            drawn.add(generate("w5", options));
            assertThat(generate("w5", options)).isEqualTo(drawn.getLast());
        }
        assertThat(drawn).doesNotHaveDuplicates();
    }

    @Test
    void generationStopsAtTheModelsPositionsAndAPromptBeyondThemIsRefused() throws Exception {
        model(101);
        String sixty = IntStream.range(0, 60).mapToObj(i -> "w7").collect(joining(" "));
        assertThat(generate(sixty, "--tokens", "100").split(" ", -1)).hasSizeBetween(60, 64);
        assertCode(ErrorCode.USAGE, () -> generate(sixty + " w7 w7 w7 w7"));
        assertCode(ErrorCode.USAGE, () -> generate(""));
    }

    @Test
    void aTokenizerLargerThanTheModelAndABrokenOneAreNamed() throws Exception {
        model(120);
        assertCode(ErrorCode.TOKENIZER_MISMATCH, () -> generate("w110"));
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        assertCode(ErrorCode.TOKENIZER_UNREADABLE, () -> generate("w1"));
    }

    /// The fixture's model with a tokenizer that knows the words `w0`, `w1` and so on.
    private void model(int words) throws IOException, URISyntaxException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(fixture("grouped-untied").resolve(file), folder.resolve(file));
        }
        String vocabulary =
                IntStream.range(0, words)
                        .mapToObj(word -> "\"w" + word + "\": " + word)
                        .collect(joining(", "));
        Files.writeString(
                folder.resolve("tokenizer.json"),
                """
                {"version": "1.0", "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null,
                 "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "w0", "vocab": {%s}}}
                """
                        .formatted(vocabulary));
    }

    private String generate(String prompt, String... options) {
        List<String> all = new ArrayList<>(List.of("--model", folder.toString()));
        all.addAll(List.of("--prompt", prompt));
        all.addAll(List.of(options));
        return GenerateMain.run(all.toArray(String[]::new));
    }

    private static int likeliest(Path logits, int position) {
        try (SafetensorsFile file = SafetensorsFile.open(logits)) {
            MemorySegment bytes = file.tensor("logits").bytes();
            int vocabulary = (int) (long) file.tensor("logits").shape().getLast();
            int best = 0;
            for (int token = 1; token < vocabulary; token++) {
                long row = 4L * position * vocabulary;
                if (bytes.get(JAVA_FLOAT_UNALIGNED, row + 4L * token)
                        > bytes.get(JAVA_FLOAT_UNALIGNED, row + 4L * best)) {
                    best = token;
                }
            }
            return best;
        }
    }

    private static Path fixture(String name) throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(ModelToolsTest.class.getResource("/parity/" + name))
                        .toURI());
    }

    private static void assertCode(ErrorCode code, ThrowingCallable program) {
        assertThatThrownBy(program)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static void assertUsage(String part, String... arguments) {
        assertThatThrownBy(() -> LogitsMain.run(arguments))
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
                .hasMessageContaining(part);
    }

    private String tokens(String json) throws IOException {
        return Files.writeString(folder.resolve("tokens.json"), json).toString();
    }
}
