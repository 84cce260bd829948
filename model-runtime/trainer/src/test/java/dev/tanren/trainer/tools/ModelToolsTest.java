package dev.tanren.trainer.tools;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelToolsTest {

    @TempDir Path folder;

    @Test
    void logitsOfAFolderAreWrittenInTheShapeThatWasAsked() throws IOException, URISyntaxException {
        Path model =
                Path.of(
                        Objects.requireNonNull(getClass().getResource("/parity/bf16-shards"))
                                .toURI());
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
        String model =
                Path.of(
                                Objects.requireNonNull(
                                                getClass().getResource("/parity/bf16-shards"))
                                        .toURI())
                        .toString();
        assertUsage("mixed", "--model", model, "--tokens", tokens("[[1],[1,2]]"), "--out", "x");
        assertUsage("token 101", "--model", model, "--tokens", tokens("[[101]]"), "--out", "x");
        assertUsage("no tokens", "--model", model, "--tokens", tokens("[]"), "--out", "x");
        assertUsage("not a JSON array", "--model", model, "--tokens", tokens("{}"), "--out", "x");
        assertUsage("`--out` is missing", "--model", model);
        assertUsage("`--wat` is no option", "--wat", "1");
        assertUsage("is below 1", "--out", "x", "--tokens", tokens("[[1]]"), "--threads", "0");
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
