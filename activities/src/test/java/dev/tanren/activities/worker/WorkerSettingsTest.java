package dev.tanren.activities.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.launch.RankDevice;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.payload.PayloadKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerSettingsTest {

    @Test
    void theCacheMayTakeWhatTheEnvironmentSaysOrAQuarterOfItsDisk() throws Exception {
        Map<String, String> environment = new HashMap<>(environment(""));
        assertThat(WorkerSettings.from(environment).cacheBytes())
                .isEqualTo(Files.getFileStore(Path.of("/tmp")).getTotalSpace() / 4);

        environment.put("TANREN_WORKER_CACHE_SIZE", "50GiB");

        assertThat(WorkerSettings.from(environment).cacheBytes()).isEqualTo(50L << 30);
    }

    @Test
    void aWorkerThatIsToldNothingKeepsItsOwnProcessOutOfWhatItPromises() {
        long machine = 64L << 30;

        assertThat(WorkerSettings.besideThisProcess(machine))
                .isBetween(machine - (1280L << 20), machine - (256L << 20));
        assertThat(WorkerSettings.besideThisProcess(1L << 28)).isEqualTo(1L << 27);
    }

    @Test
    void ranksMayHaveTheMemoryThatTheEnvironmentNames() {
        assertThat(WorkerSettings.from(environment("12GiB")).memoryBytes()).isEqualTo(12L << 30);
    }

    @Test
    void unlessItIsNamedTheyMayHaveWhatTheMachineHas() {
        long machine = WorkerSettings.from(environment("")).memoryBytes();
        assertThat(machine).isGreaterThan(Runtime.getRuntime().maxMemory() / 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lots", "0", "-1GiB"})
    void whatIsNoSizeOfMemoryIsRefusedByItsName(String value) {
        assertThatThrownBy(() -> WorkerSettings.from(environment(value)))
                .isInstanceOf(TanrenException.class)
                .hasMessageContaining("TANREN_WORKER_MEMORY")
                .hasMessageContaining("12GiB");
    }

    @Test
    void aWorkerOnGpusRunsOneGangAtATimeUnlessItIsToldOtherwise() {
        Map<String, String> environment = environment("");
        assertThat(WorkerSettings.from(environment).gangs()).isEqualTo(2);

        environment.put("TANREN_WORKER_DEVICE", "cuda");
        assertThat(WorkerSettings.from(environment).device()).isEqualTo(RankDevice.CUDA);
        assertThat(WorkerSettings.from(environment).gangs()).isEqualTo(1);

        environment.put("TANREN_WORKER_GANGS", "3");
        assertThat(WorkerSettings.from(environment).gangs()).isEqualTo(3);
    }

    private static Map<String, String> environment(String memory) {
        Map<String, String> environment = new HashMap<>();
        environment.put("TANREN_TEMPORAL_ADDRESS", "127.0.0.1:7233");
        environment.put(PayloadKeys.VARIABLE, PayloadKeys.made("test"));
        environment.put("TANREN_WORKER_SCRATCH", "/tmp/scratch");
        environment.put("TANREN_WORKER_CACHE", "/tmp/cache");
        environment.put("TANREN_TRAINER_CLASSPATH", "trainer.jar");
        environment.put("TANREN_INFERENCE_CLASSPATH", "inference.jar");
        environment.put("TANREN_NATIVES", "/tmp/natives");
        environment.put("TANREN_WORKER_MEMORY", memory);
        return environment;
    }
}
