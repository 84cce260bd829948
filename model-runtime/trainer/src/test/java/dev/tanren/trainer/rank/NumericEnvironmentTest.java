package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.trainer.bench.TrainBenchmarkMain;
import dev.tanren.trainer.tools.GenerateMain;
import dev.tanren.trainer.tools.LogitsMain;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every program of the trainer multiplies the same way whatever environment it is started in. MKL
/// itself says how, line by line (`MKL_VERBOSE`).
class NumericEnvironmentTest {

    /// Another code path, other threads, and the choice of them by load.
    private static final List<String> HOSTILE =
            List.of(
                    "env",
                    "MKL_VERBOSE=1",
                    "MKL_CBWR=COMPATIBLE",
                    "MKL_DYNAMIC=TRUE",
                    "MKL_NUM_THREADS=3",
                    "OMP_DYNAMIC=TRUE",
                    "OMP_NUM_THREADS=3");

    @TempDir private Path folder;

    @BeforeEach
    void aModel() throws Exception {
        Path family = resource("/families/qwen2");
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(family.resolve(file), folder.resolve(file));
        }
        Files.copy(
                resource("/tokenizer").resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokens.json"), "[[1, 2, 3, 4, 5, 6, 7, 8]]");
    }

    @Test
    void aRank() throws Exception {
        try (Rig rig = Rig.start(Files.createDirectories(folder.resolve("rig")));
                Gang gang =
                        Gang.start(
                                rig.setting("hostile").under(HOSTILE.toArray(String[]::new)),
                                "short",
                                1,
                                1,
                                new InitialState.Random())) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertProducts(gang.logs(), 1);
        }
    }

    @Test
    void logits() throws Exception {
        assertProducts(
                run(
                        LogitsMain.class,
                        "--model",
                        folder.toString(),
                        "--tokens",
                        folder.resolve("tokens.json").toString(),
                        "--out",
                        folder.resolve("logits.safetensors").toString(),
                        "--threads",
                        "2"),
                2);
    }

    @Test
    void generation() throws Exception {
        assertProducts(
                run(
                        GenerateMain.class,
                        "--model",
                        folder.toString(),
                        "--prompt",
                        " w1 w2 w3",
                        "--max-new-tokens",
                        "2",
                        "--threads",
                        "2"),
                2);
    }

    @Test
    void aBenchmark() throws Exception {
        assertProducts(
                run(
                        TrainBenchmarkMain.class,
                        "--model",
                        "tiny",
                        "--steps",
                        "1",
                        "--warmup",
                        "0",
                        "--threads",
                        "2",
                        "--json"),
                2);
    }

    /// Else it would measure the same twice, whatever the variable was set to.
    @Test
    void aBenchmarkOfWhatAFixedCodePathCostsLeavesItToTheLibrary() throws Exception {
        String log =
                run(
                        TrainBenchmarkMain.class,
                        "--model",
                        "tiny",
                        "--steps",
                        "1",
                        "--warmup",
                        "0",
                        "--threads",
                        "2",
                        "--free-code-path",
                        "--json");
        assertThat(log.lines().filter(line -> line.contains("SGEMM")))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).contains("CNR:OFF", "NThr:2"));
    }

    private static void assertProducts(String log, int threads) {
        List<String> products = log.lines().filter(line -> line.contains("SGEMM")).toList();
        assertThat(products).as(log).isNotEmpty();
        assertThat(products)
                .allSatisfy(
                        line ->
                                assertThat(line)
                                        .contains("CNR:AUTO,STRICT", "Dyn:0", "NThr:" + threads));
    }

    /// Without the launcher's flags for the libraries, which a person may leave out as well.
    private String run(Class<?> main, String... arguments) throws Exception {
        RuntimeCommand command =
                RuntimeCommand.trainer(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        Path.of(System.getProperty("user.home"), ".javacpp", "cache"),
                        main.getName(),
                        2,
                        List.of(arguments));
        List<String> all = new ArrayList<>(HOSTILE);
        all.addAll(command.arguments());
        all.removeIf(argument -> argument.contains(RuntimeCommand.PRODUCTS_PROPERTY));
        Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(log).isZero();
        return log;
    }

    private static Path resource(String name) throws URISyntaxException, IOException {
        return Path.of(
                Objects.requireNonNull(NumericEnvironmentTest.class.getResource(name)).toURI());
    }
}
