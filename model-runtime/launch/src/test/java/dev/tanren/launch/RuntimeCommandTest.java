package dev.tanren.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
                .containsOnly(
                        entry("OMP_NUM_THREADS", "2"),
                        entry("OMP_DYNAMIC", "FALSE"),
                        entry("MKL_NUM_THREADS", "2"),
                        entry("MKL_DYNAMIC", "FALSE"),
                        entry("MKL_CBWR", "AUTO,STRICT"),
                        entry("MKL_THREADING_LAYER", "GNU"),
                        entry("GOMP_SPINCOUNT", "2000"),
                        entry("MALLOC_MMAP_THRESHOLD_", "1073741824"),
                        entry("MALLOC_TRIM_THRESHOLD_", "1073741824"),
                        entry("MALLOC_TOP_PAD_", "268435456"));
    }

    @Test
    void nothingOfTheStartersEnvironmentIsInheritedButWhatProgramsNeed() {
        Map<String, String> own = System.getenv();

        Map<String, String> environment = trainer(NATIVES).processBuilder().environment();

        assertThat(environment).containsEntry("PATH", own.get("PATH"));
        assertThat(environment).containsAllEntriesOf(trainer(NATIVES).environment());
        assertThat(List.of("LC_ALL", "CUDA_VISIBLE_DEVICES", "TANREN_RANK_HOST", "TMPDIR"))
                .allMatch(InheritedVariables::contain);
        assertThat(
                        List.of(
                                "TANREN_DATABASE_PASSWORD",
                                "TANREN_TEMPORAL_KEYS",
                                "TANREN_TEMPORAL_API_KEY",
                                "TANREN_HUB_TOKEN",
                                "TANREN_S3_SECRET_KEY",
                                "TANREN_ADMIN_TOKEN",
                                "AWS_SECRET_ACCESS_KEY",
                                "JAVA_TOOL_OPTIONS",
                                "path"))
                .noneMatch(InheritedVariables::contain);
    }

    @Test
    void aProcessHasWhatItInheritsAndWhatItsCommandSetsAndNoMore() {
        assertThat(trainer(NATIVES).processBuilder().environment().keySet())
                .allMatch(
                        name ->
                                InheritedVariables.contain(name)
                                        || trainer(NATIVES).environment().containsKey(name));
    }

    @Test
    void ranksOnGpusTakeTheLibrariesForThemAndAWorkspaceOfAFixedSize() {
        RuntimeCommand onCpu = trainer(NATIVES);
        RuntimeCommand onGpu = onCpu.on(RankDevice.CUDA);

        assertThat(onCpu.on(RankDevice.CPU)).isEqualTo(onCpu);
        assertThat(onGpu.arguments())
                .startsWith("/opt/jdk/bin/java")
                .contains("-Dtanren.device=cuda", "-Dorg.bytedeco.javacpp.platform.extension=-gpu")
                .doesNotContain("-Dorg.bytedeco.javacpp.platform.extension=");
        assertThat(onCpu.arguments()).contains("-Dorg.bytedeco.javacpp.platform.extension=");
        assertThat(onGpu.environment())
                .containsEntry("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1")
                .containsAllEntriesOf(onCpu.environment());
    }

    @Test
    void aDeviceThatIsNoneIsRefused() {
        assertThat(RankDevice.from(Map.of())).isEqualTo(RankDevice.CPU);
        assertThat(RankDevice.from(Map.of("TANREN_WORKER_DEVICE", "cuda")))
                .isEqualTo(RankDevice.CUDA);
        assertThatThrownBy(() -> RankDevice.from(Map.of("TANREN_WORKER_DEVICE", "gpu")))
                .hasMessageContaining("`gpu` is no device")
                .hasMessageContaining("cpu or cuda");
    }

    @Test
    void anInferenceProcessStaysOffTheNetworkAndKnowsWhereItsNativesLie() {
        RuntimeCommand command =
                RuntimeCommand.inference(
                        JAVA, "a.jar", NATIVES, "dev.tanren.Main", 1, List.of("launch.json"));
        assertThat(command.arguments())
                .contains(
                        "-Dai.djl.offline=true",
                        "-DDJL_CACHE_DIR=/nowhere/natives",
                        "-DENGINE_CACHE_DIR=/nowhere/natives")
                .noneMatch(argument -> argument.contains("bytedeco"));
        assertThat(command.environment())
                .containsOnly(
                        entry("OMP_NUM_THREADS", "1"),
                        entry("OMP_DYNAMIC", "FALSE"),
                        entry("MKL_NUM_THREADS", "1"),
                        entry("MKL_DYNAMIC", "FALSE"),
                        entry("MKL_CBWR", "AUTO,STRICT"),
                        entry("OPT_OUT_TRACKING", "true"),
                        entry("TANREN_NATIVES", "/nowhere/natives"),
                        entry("MALLOC_MMAP_THRESHOLD_", "1073741824"),
                        entry("MALLOC_TRIM_THRESHOLD_", "1073741824"),
                        entry("MALLOC_TOP_PAD_", "268435456"));
    }

    @Test
    void aTrainerMapsTheArchiveOfItsClassesWhereThereIsOne(@TempDir Path natives)
            throws IOException {
        RuntimeCommand without = trainer(natives);
        Files.createFile(natives.resolve(RuntimeCommand.TRAINER_ARCHIVE));
        RuntimeCommand with = trainer(natives);

        assertThat(without.arguments()).noneMatch(argument -> argument.contains("trainer.jsa"));
        assertThat(with.arguments())
                .contains("-XX:SharedArchiveFile=" + natives.resolve("trainer.jsa"));
        assertThat(with.archivingClasses(natives.resolve("new")).arguments())
                .contains("-XX:ArchiveClassesAtExit=" + natives.resolve("new"))
                .noneMatch(argument -> argument.contains("SharedArchiveFile"));
    }

    private static RuntimeCommand trainer(Path natives) {
        return RuntimeCommand.trainer(JAVA, "a.jar", natives, "dev.tanren.Main", 1, List.of());
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
