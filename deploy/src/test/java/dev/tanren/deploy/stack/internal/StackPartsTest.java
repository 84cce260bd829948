package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.Secrets;
import dev.tanren.deploy.stack.StackSettings;
import dev.tanren.deploy.stack.TanrenHome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the parts of the stack are told, over an installation of empty files.
class StackPartsTest {

    @TempDir private Path folder;
    private Installation installation;

    private List<Path> roots = List.of();

    @BeforeEach
    void anInstallation() throws IOException {
        installation = EmptyInstallation.in(folder, folder.resolve("temporal"));
    }

    @Test
    void whatPayloadsAreSealedWithGoesToWhoeverSpeaksToTemporalAndOnNoCommandLine() {
        for (String part : List.of("worker", "control-plane")) {
            assertThat(environment(part, 1, Map.of()))
                    .containsEntry("TANREN_TEMPORAL_KEYS", "local:key")
                    .containsEntry("TANREN_DATABASE_USER", DatabaseRoles.APPLICATION)
                    .doesNotContainValue("super");
        }
        for (String part : List.of("postgres", "objects", "temporal", "control-plane", "worker")) {
            assertThat(part(part, 1, Map.of()).command().arguments())
                    .noneMatch(argument -> argument.contains("local:key"));
        }
        for (String part : List.of("postgres", "objects", "temporal")) {
            assertThat(environment(part, 1, Map.of())).isEmpty();
        }
    }

    @Test
    void workersGetEveryVariableOfTheirsAndTheControlPlaneEveryOneOfTheApi() {
        Map<String, String> caller =
                Map.of(
                        "TANREN_WORKER_GANGS", "3",
                        "TANREN_WORKER_SCRATCH", "/fast/scratch",
                        "TANREN_WORKER_SOMETHING_NEW", "x",
                        "TANREN_DEPLOYMENT_NAME", "blue",
                        "TANREN_BUILD_ID", "7",
                        "TANREN_HUB_TOKEN", "hf_x",
                        "TANREN_API_ALLOWED_HOSTS", "tanren.example");

        Map<String, String> worker = environment("worker", 1, caller);
        Map<String, String> controlPlane = environment("control-plane", 1, caller);

        assertThat(worker)
                .containsAllEntriesOf(without(caller, "TANREN_API_ALLOWED_HOSTS"))
                .doesNotContainKey("TANREN_API_ALLOWED_HOSTS");
        assertThat(controlPlane)
                .containsEntry("TANREN_API_ALLOWED_HOSTS", "tanren.example")
                .doesNotContainKeys("TANREN_WORKER_GANGS", "TANREN_BUILD_ID", "TANREN_HUB_TOKEN");
    }

    @Test
    void theStacksOwnAddressesAndOtherVariablesOfTheCallerAreNotMixed() {
        Map<String, String> caller =
                Map.of(
                        "TANREN_DATABASE_URL", "jdbc:postgresql://elsewhere/tanren",
                        "TANREN_TEMPORAL_ADDRESS", "elsewhere:7233",
                        "TANREN_ADMIN_TOKEN", "tnr_elsewhere",
                        "SOMETHING_ELSE", "x");

        assertThat(environment("worker", 1, caller)).doesNotContainValue("x");
        for (String part : List.of("worker", "control-plane")) {
            assertThat(environment(part, 1, caller).values())
                    .noneMatch(value -> value.contains("elsewhere"));
        }
    }

    @Test
    void workersGiveTheProcessesOfARunKeysOfThatRunWhateverTheCallerSays() {
        assertThat(environment("worker", 1, Map.of("TANREN_S3_RUN_KEYS", "shared")))
                .containsEntry("TANREN_S3_RUN_KEYS", "derived");
    }

    /// A worker takes an empty number for a wrong one.
    @Test
    void anEmptyVariableIsOneThatIsNotSet() {
        assertThat(
                        environment(
                                "worker",
                                1,
                                Map.of("TANREN_WORKER_GANGS", "", "TANREN_WORKER_SCRATCH", " ")))
                .doesNotContainKey("TANREN_WORKER_GANGS")
                .containsEntry(
                        "TANREN_WORKER_SCRATCH", folder.resolve("home/scratch/worker").toString());
    }

    @Test
    void severalWorkersShareTheMemoryThatTheStackIsToldOf() {
        Map<String, String> caller = Map.of("TANREN_WORKER_MEMORY", "12GiB");

        assertThat(memory("worker", 1, caller)).isEqualTo(Long.toString(12L << 30));
        assertThat(memory("worker-1", 2, caller)).isEqualTo(Long.toString(6L << 30));
        assertThat(memory("worker-2", 2, caller)).isEqualTo(Long.toString(6L << 30));
        assertThat(memory("worker-2", 2, Map.of("TANREN_WORKER_MEMORY", "much"))).isEqualTo("much");
    }

    @Test
    void aWorkerIsNotKilledBeforeItsGraceIsOver() {
        assertThat(part("worker", 1, Map.of()).patience()).isEqualTo(Duration.ofSeconds(40));
        assertThat(part("worker", 1, Map.of("TANREN_WORKER_GRACE_SECONDS", "120")).patience())
                .isGreaterThan(Duration.ofMinutes(2));
    }

    @Test
    void theExamplesAreOfferedToRunWhereWorkersMayReadTheCheckout() {
        assertThat(environment("control-plane", 1, Map.of()))
                .doesNotContainKey("TANREN_API_EXAMPLES");
        roots = List.of(folder);
        assertThat(environment("control-plane", 1, Map.of()))
                .containsEntry("TANREN_API_EXAMPLES", folder.resolve("docs/examples").toString());
        assertThat(environment("control-plane", 1, Map.of("TANREN_API_EXAMPLES", "/examples")))
                .containsEntry("TANREN_API_EXAMPLES", "/examples");
    }

    private String memory(String name, int workers, Map<String, String> caller) {
        return environment(name, workers, caller).getOrDefault("TANREN_WORKER_MEMORY", "");
    }

    private Map<String, String> environment(String name, int workers, Map<String, String> caller) {
        return part(name, workers, caller).command().environment();
    }

    private StackPart part(String name, int workers, Map<String, String> caller) {
        StackSettings settings =
                new StackSettings(
                        new TanrenHome(folder.resolve("home")),
                        installation,
                        new Secrets(
                                "password", "super", "access", "secret", "tnr_own", "local:key"),
                        new Ports(1, 2, 3, 4, 5),
                        workers,
                        roots);
        return StackParts.of(settings, caller).stream()
                .filter(part -> part.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> without(Map<String, String> all, String name) {
        Map<String, String> rest = new HashMap<>(all);
        rest.remove(name);
        return rest;
    }
}
