package dev.tanren.trainer.tools;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.trainer.model.Numbers;
import java.io.IOException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelToolsTest {

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "parity/bf16-shards",
                "families/llama-llama3-rope",
                "families/mistral-window",
                "families/qwen2",
                "families/qwen3",
                "families/gpt2"
            })
    void theLogitsOfAFolderAreThoseOfTransformersAtEveryPosition(String fixture)
            throws IOException, URISyntaxException {
        Path model = resource(fixture);
        Path out = folder.resolve("logits.safetensors");
        try (SafetensorsFile expected =
                SafetensorsFile.open(model.resolve("expected.safetensors"))) {
            LogitsMain.run(
                    "--model",
                    model.toString(),
                    "--tokens",
                    tokens(rows(expected.tensor("tokens"))),
                    "--out",
                    out.toString(),
                    "--threads",
                    "2");
            try (SafetensorsFile written = SafetensorsFile.open(out)) {
                List<Long> shape = expected.tensor("logits").shape();
                assertThat(written.tensor("logits").shape()).isEqualTo(shape);
                double[] actual = numbers(written.tensor("logits"));
                double[] reference = numbers(expected.tensor("logits"));
                assertThat(Numbers.relativeMaximum(actual, reference)).isLessThan(1e-4);
                assertThat(Numbers.meanDivergence(actual, reference, (int) (long) shape.getLast()))
                        .isLessThan(1e-9);
            }
        }
    }

    private static String rows(SafetensorsFile.Tensor tokens) {
        int length = (int) (long) tokens.shape().getLast();
        List<List<Integer>> rows = new ArrayList<>();
        for (long at = 0; at < tokens.info().elements(); at += length) {
            long from = at;
            rows.add(
                    IntStream.range(0, length)
                            .mapToObj(i -> tokens.bytes().get(JAVA_INT_UNALIGNED, 4 * (from + i)))
                            .toList());
        }
        return Json.write(rows);
    }

    private static double[] numbers(SafetensorsFile.Tensor tensor) {
        return IntStream.range(0, (int) tensor.info().elements())
                .mapToDouble(i -> tensor.bytes().get(JAVA_FLOAT_UNALIGNED, 4L * i))
                .toArray();
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
    }

    private static Path fixture(String name) throws URISyntaxException {
        return resource("parity/" + name);
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(ModelToolsTest.class.getResource("/" + name)).toURI());
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
