package dev.tanren.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RuntimeCommandTest {

    private static final Path JAVA = Path.of("/opt/jdk/bin/java");
    private static final Path NATIVES = Path.of("/nowhere/natives");

    @Test
    void aTrainerRunsOnMklWithAFixedNumberOfThreads() {
        RuntimeCommand command =
                RuntimeCommand.trainer(
                        JAVA, "a.jar:b.jar", NATIVES, "dev.tanren.Main", 2, List.of("launch.json"));
        assertThat(command.arguments())
                .startsWith("/opt/jdk/bin/java")
                .contains(
                        "-Dorg.bytedeco.openblas.load=mkl",
                        "-Dorg.bytedeco.javacpp.cachedir=/nowhere/natives",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                        "--enable-native-access=ALL-UNNAMED")
                .endsWith("-cp", "a.jar:b.jar", "dev.tanren.Main", "launch.json");
        assertThat(command.environment())
                .containsEntry("OMP_NUM_THREADS", "2")
                .containsEntry("MKL_NUM_THREADS", "2")
                .containsEntry("MKL_DYNAMIC", "FALSE")
                .containsKey("MKL_CBWR")
                .containsEntry("MALLOC_MMAP_THRESHOLD_", "1073741824")
                .containsEntry("MALLOC_TRIM_THRESHOLD_", "1073741824")
                .containsEntry("MALLOC_TOP_PAD_", "268435456");
    }

    @Test
    void anInferenceProcessStaysOffTheNetwork() {
        RuntimeCommand command =
                RuntimeCommand.inference(
                        JAVA, "a.jar", NATIVES, "dev.tanren.Main", 1, List.of("launch.json"));
        assertThat(command.arguments())
                .contains("-Dai.djl.offline=true", "-DENGINE_CACHE_DIR=/nowhere/natives")
                .noneMatch(argument -> argument.contains("bytedeco"));
        assertThat(command.environment()).containsEntry("OPT_OUT_TRACKING", "true");
    }

    @Test
    void noThreadAtAllIsRefused() {
        assertThatThrownBy(
                        () ->
                                RuntimeCommand.trainer(
                                        JAVA, "a.jar", NATIVES, "dev.tanren.Main", 0, List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
