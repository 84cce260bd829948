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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DownCommandTest extends CommandTest {

    private Process supervisor;

    @BeforeEach
    void aStackRuns() throws Exception {
        supervisor = new ProcessBuilder("sleep", "600").start();
        Path home = Files.createDirectories(folder.resolve(".tanren"));
        Files.writeString(home.resolve("admin.token"), "tnr_local\n");
        new StackFile(new TanrenHome(home))
                .write(
                        new StackStatus(
                                StackStatus.VERSION,
                                StackStatus.Phase.RUNNING,
                                ProcessIdentity.of(supervisor.pid()).orElseThrow(),
                                "http://127.0.0.1:" + server.getAddress().getPort(),
                                new Ports(1, 2, 3, 4, 5),
                                1,
                                List.of(),
                                List.of(),
                                null));
    }

    @AfterEach
    void endsIt() {
        supervisor.destroyForcibly();
    }

    @Test
    void aStackWithRunsUnderWayIsStoppedWithoutATerminalOnlyWithYes() throws Exception {
        answers.put("GET /runs", new Answer(200, "{\"items\":[{\"id\":\"r1\"}]}"));

        Result unanswered = run("down");

        assertThat(unanswered.exitCode()).isEqualTo(2);
        assertThat(unanswered.err())
                .contains("TNR-7005", "Run r1 is under way", "mend:  Add --yes");
        assertThat(supervisor.isAlive()).isTrue();
        assertThat(run("down", "--yes").exitCode()).isZero();
        assertThat(supervisor.waitFor()).isNotZero();
    }

    @Test
    void aStackWithNothingAtWorkIsStoppedUnasked() throws Exception {
        answers.put("GET /runs", new Answer(200, "{\"items\":[]}"));

        assertThat(run("down").exitCode()).isZero();

        assertThat(supervisor.waitFor()).isNotZero();
    }
}
