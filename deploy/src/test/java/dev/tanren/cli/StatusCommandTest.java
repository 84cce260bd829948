package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatusCommandTest extends CommandTest {

    private static final String WORKERS =
            """
            {"items":[{"id":"w1","memoryBytes":8589934592,"promisedBytes":6442450944,
                       "freeBytes":2147483648,"activity":"training run/r1/adapt","alive":true},
                      {"id":"w0","memoryBytes":1,"promisedBytes":0,"freeBytes":1,
                       "activity":"idle","alive":false}]}""";

    @BeforeEach
    void aStackRuns() throws Exception {
        Path home = Files.createDirectories(folder.resolve(".tanren"));
        Files.writeString(home.resolve("admin.token"), "tnr_local\n");
        environment.put("TANREN_SERVER", "https://elsewhere.example.org");
        new StackFile(new TanrenHome(home))
                .write(
                        new StackStatus(
                                StackStatus.VERSION,
                                StackStatus.Phase.RUNNING,
                                ProcessIdentity.ofThisProcess(),
                                "http://127.0.0.1:" + server.getAddress().getPort(),
                                new Ports(1, 2, 3, 4, 5),
                                1,
                                List.of(),
                                List.of(),
                                null));
    }

    @Test
    void theStatusShowsWhatLivingWorkersHavePromisedAndWhatIsFree() {
        answers.put("GET /workers", new Answer(200, WORKERS));

        Result table = run("status");

        assertThat(table.exitCode()).isZero();
        assertThat(sent("GET /workers").authorization()).isEqualTo("Bearer tnr_local");
        assertThat(table.out())
                .containsPattern("WORKER +MEMORY +PROMISED +FREE +ACTIVITY")
                .containsPattern("w1 +8.0 GiB +6.0 GiB +2.0 GiB +training run/r1/adapt")
                .doesNotContain("w0");
        assertThat(run("status", "--json").tree().path("workers").findValuesAsText("freeBytes"))
                .containsExactly("2147483648");
    }

    @Test
    void aControlPlaneThatDoesNotAnswerLeavesTheWorkersOut() {
        answers.put("GET /workers", problem(503, "TNR-4101"));

        Result result = run("status");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("stack    running").doesNotContain("WORKER");
    }
}
