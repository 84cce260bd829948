package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.PartState;
import dev.tanren.deploy.stack.StackStatus.Phase;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A supervisor in a process of its own, over small real processes.
class SupervisorTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir private Path folder;
    private final List<Process> supervisors = new ArrayList<>();
    private TanrenHome home;
    private int console;

    @BeforeEach
    void choosesAHome() throws IOException {
        home = new TanrenHome(folder.resolve("home"));
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            console = socket.getLocalPort();
        }
    }

    @AfterEach
    void stopsWhatItStarted() throws InterruptedException {
        new StackControl(home).down(status -> {});
        for (Process supervisor : supervisors) {
            supervisor.destroy();
            supervisor.waitFor();
        }
    }

    @Test
    void aPartThatIsKilledIsStartedAgainAndTheOthersStay() throws Exception {
        start("1");
        StackStatus before = await(FakeStack::ready);
        kill9(before, "base");

        StackStatus after =
                await(
                        status ->
                                FakeStack.ready(status)
                                        && status.part("base").orElseThrow().restarts() == 1);

        assertThat(process(after, "base")).isNotEqualTo(process(before, "base"));
        assertThat(process(after, "front")).isEqualTo(process(before, "front"));
    }

    @Test
    void downStopsEveryPartInGoodOrderTheLastStartedFirst() throws Exception {
        start("1");
        StackStatus running = await(FakeStack::ready);

        assertThat(new StackControl(home).down(status -> {})).isTrue();

        assertThat(running.supervisor().alive()).isFalse();
        assertThat(running.parts()).noneMatch(part -> process(part).alive());
        long base = Long.parseLong(Files.readString(home.folder().resolve("base.stopped")));
        long front = Long.parseLong(Files.readString(home.folder().resolve("front.stopped")));
        assertThat(front).isLessThan(base);
        assertThat(new StackFile(home).read().orElseThrow().phase()).isEqualTo(Phase.STOPPED);
    }

    @Test
    void aTakenConsolePortIsNamedAndNothingIsStarted() throws Exception {
        try (ServerSocket taken = new ServerSocket(console, 1, InetAddress.getLoopbackAddress())) {
            Process supervisor = start("1");

            assertThat(supervisor.waitFor()).isEqualTo(1);

            StackStatus status = new StackFile(home).read().orElseThrow();
            StackStatus.Failure failure = Objects.requireNonNull(status.failure());
            assertThat(failure.code()).isEqualTo("PORT_TAKEN");
            assertThat(failure.what()).contains(Integer.toString(taken.getLocalPort()));
            assertThat(failure.mend()).contains("--port");
            assertThat(status.parts()).isEmpty();
        }
    }

    @Test
    void aLaterSupervisorTakesOverWhatAKilledOneLeft() throws Exception {
        start("1");
        StackStatus before = await(FakeStack::ready);
        kill9(before.supervisor());
        assertThat(before.parts()).allMatch(part -> process(part).alive());

        start("1");
        StackStatus after =
                await(it -> FakeStack.ready(it) && !it.supervisor().equals(before.supervisor()));

        assertThat(process(after, "base")).isEqualTo(process(before, "base"));
        assertThat(process(after, "front")).isEqualTo(process(before, "front"));
        assertThat(after.ports()).isEqualTo(before.ports());
    }

    @Test
    void aPartOfAnotherBuildIsReplacedRatherThanTakenOver() throws Exception {
        start("1");
        StackStatus before = await(FakeStack::ready);
        kill9(before.supervisor());

        start("2");
        StackStatus after =
                await(it -> FakeStack.ready(it) && !it.supervisor().equals(before.supervisor()));

        assertThat(process(after, "base")).isEqualTo(process(before, "base"));
        assertThat(process(after, "front")).isNotEqualTo(process(before, "front"));
        assertThat(process(before, "front").alive()).isFalse();
    }

    @Test
    void downStopsWhatAKilledSupervisorLeft() throws Exception {
        start("1");
        StackStatus running = await(FakeStack::ready);
        kill9(running.supervisor());

        assertThat(new StackControl(home).down(status -> {})).isTrue();

        assertThat(running.parts()).noneMatch(part -> process(part).alive());
        assertThat(new StackControl(home).down(status -> {})).isFalse();
    }

    @Test
    void aSecondSupervisorOfTheSameHomeEndsAtOnce() throws Exception {
        start("1");
        StackStatus running = await(FakeStack::ready);

        assertThat(start("1").waitFor()).isEqualTo(1);

        assertThat(running.parts()).allMatch(part -> process(part).alive());
        assertThat(new StackFile(home).readRunning()).isPresent();
    }

    @Test
    void aStackThatRunsIsNotTakenForOneWithMoreWorkers() throws Exception {
        start("1");
        StackStatus running = await(FakeStack::ready);

        assertThatThrownBy(() -> up(running.workers() + 1))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        refused -> {
                            assertThat(refused.code()).isEqualTo(ErrorCode.STATE_CONFLICT);
                            assertThat(refused.what()).contains("rather than 2");
                            assertThat(refused.mend()).contains("./tanren down");
                        });
        assertThat(up(null).supervisor()).isEqualTo(running.supervisor());
    }

    private StackStatus up(@Nullable Integer workers) {
        Installation unused = new Installation(folder, folder, folder, folder);
        return new StackControl(home).up(unused, null, workers, List.of(), status -> {});
    }

    @Test
    void theStatusFileIsForTheUserAlone() throws Exception {
        start("1");
        await(FakeStack::ready);

        assertThat(Files.getPosixFilePermissions(home.stackFile()))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    private Process start(String build) throws IOException {
        Process supervisor =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                FakeStackMain.class.getName(),
                                home.folder().toString(),
                                Integer.toString(console),
                                build)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("supervisor.log").toFile())
                        .start();
        supervisors.add(supervisor);
        return supervisor;
    }

    private StackStatus await(Predicate<StackStatus> condition) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            var status = new StackFile(home).read().filter(condition);
            if (status.isPresent()) {
                return status.get();
            }
            Thread.sleep(20);
        }
        throw new AssertionError(
                new StackFile(home).read() + Files.readString(folder.resolve("supervisor.log")));
    }

    private static ProcessIdentity process(StackStatus status, String part) {
        return process(status.part(part).orElseThrow());
    }

    private static ProcessIdentity process(StackStatus.Part part) {
        return Objects.requireNonNull(part.process(), () -> part + " has no process");
    }

    private static void kill9(StackStatus status, String part) {
        kill9(process(status, part));
    }

    private static void kill9(ProcessIdentity process) {
        assertThat(Signals.send(process.pid(), Signals.KILL)).isTrue();
        while (process.alive()) {
            Thread.onSpinWait();
        }
    }

    /// What the tests ask of a status.
    private static final class FakeStack {
        static boolean ready(StackStatus status) {
            return status.phase() == Phase.RUNNING
                    && status.parts().stream()
                            .allMatch(part -> part.state() == PartState.READY && part.healthy());
        }
    }
}
