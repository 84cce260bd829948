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
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
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
