package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.StackStatus.Phase;
import dev.tanren.deploy.stack.internal.LeftBehind;
import dev.tanren.deploy.stack.internal.PrivateFiles;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Starts and stops the embedded stack from another process than the one that supervises it.
public final class StackControl {

    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration START_PATIENCE = Duration.ofMinutes(10);
    private static final Duration ANNOUNCEMENT = Duration.ofSeconds(30);
    private static final Duration STOP_PATIENCE = Duration.ofMinutes(5);

    private final TanrenHome home;
    private final StackFile file;
    private final Map<String, String> variables;

    /// The supervisor that this process started.
    private volatile @Nullable Process launched;

    public StackControl(TanrenHome home) {
        this(home, Map.of());
    }

    /// @param variables of the environment that the stack is started with, beside this process's
    public StackControl(TanrenHome home, Map<String, String> variables) {
        this.home = home;
        this.file = new StackFile(home);
        this.variables = Map.copyOf(variables);
    }

    /// The stack while a supervisor keeps it.
    public Optional<StackStatus> running() {
        return file.readRunning();
    }

    /// What was last known, whether or not it still runs.
    public Optional<StackStatus> last() {
        return file.read();
    }

    /// Starts the stack, or finds it running, and waits until every part is ready.
    ///
    /// @param console port of the console; null keeps the one of the last start
    /// @param workers null keeps those of a stack that runs already, else one
    /// @param progress is told of every change of the stack until it is ready
    /// @throws TanrenException `PORT_TAKEN`, `STACK_PART_FAILED`, `STATE_CONFLICT` when it runs on
    ///     another port or with another number of workers
    public StackStatus up(
            Installation installation,
            @Nullable Integer console,
            @Nullable Integer workers,
            List<Path> fileRoots,
            Consumer<StackStatus> progress) {
        Optional<StackStatus> already = running();
        if (already.isPresent()) {
            refuseOther("on port", already.get().ports().console(), console, already.get());
            refuseOther("with workers:", already.get().workers(), workers, already.get());
            return awaitReady(null, already.get().supervisor(), progress);
        }
        int port =
                console != null
                        ? console
                        : last().map(it -> it.ports().console()).orElse(Ports.DEFAULT_CONSOLE);
        Process supervisor = start(installation, port, workers == null ? 1 : workers, fileRoots);
        launched = supervisor;
        return awaitReady(supervisor, null, progress);
    }

    /// Takes from everyone else what rights they have on the home and on Temporal's database, which
    /// has every run's inputs.
    ///
    /// @return what others could look at before
    /// @throws TanrenException `USAGE` where the home is somebody else's
    public List<Path> makePrivate() {
        List<Path> secret = new ArrayList<>();
        secret.add(home.folder());
        for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
            secret.add(Path.of(home.temporalDatabase() + suffix));
        }
        try {
            return secret.stream().filter(PrivateFiles::tighten).toList();
        } catch (UncheckedIOException e) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "The folder of Tanren's state cannot be made private: " + e.getMessage(),
                    home.folder().toString(),
                    "Set " + TanrenHome.VARIABLE + " to a folder of your own.",
                    e);
        }
    }

    private static void refuseOther(
            String what, int running, @Nullable Integer wanted, StackStatus status) {
        if (wanted != null && wanted != running) {
            throw new TanrenException(
                    ErrorCode.STATE_CONFLICT,
                    "The stack runs already, %s %d rather than %d."
                            .formatted(what, running, wanted),
                    status.console(),
                    "Stop it first: ./tanren down");
        }
    }

    private Path log() {
        return home.logs().resolve("supervisor.log");
    }

    private Process start(Installation installation, int port, int workers, List<Path> fileRoots) {
        List<String> command = new ArrayList<>();
        command.add(installation.java().toString());
        command.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-XX:+AutoCreateSharedArchive");
        command.add("-XX:SharedArchiveFile=" + home.classArchive("supervisor"));
        command.add("-Xlog:cds*=off,aot*=off");
        command.addAll(List.of("-cp", installation.deployClassPath()));
        command.add(SupervisorMain.class.getName());
        command.add(Integer.toString(port));
        command.add(Integer.toString(workers));
        fileRoots.forEach(root -> command.add(root.toString()));
        PrivateFiles.folder(home.cache());
        PrivateFiles.folder(home.logs());
        PrivateFiles.write(log(), "");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(home.folder().toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        Map<String, String> environment = builder.environment();
        environment.putAll(variables);
        environment.put(TanrenHome.VARIABLE, home.folder().toString());
        environment.put(Installation.ROOT_VARIABLE, installation.root().toString());
        environment.put(Installation.BUILD_VARIABLE, installation.build().toString());
        environment.put(Installation.TEMPORAL_VARIABLE, installation.temporal().toString());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private StackStatus awaitReady(
            @Nullable Process started,
            @Nullable ProcessIdentity known,
            Consumer<StackStatus> progress) {
        long pid = started != null ? started.pid() : known != null ? known.pid() : -1;
        @Nullable StackStatus seen = null;
        long end = System.nanoTime() + START_PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            boolean alive = ProcessIdentity.of(pid).isPresent();
            Optional<StackStatus> status = file.read().filter(it -> it.supervisor().pid() == pid);
            if (status.isPresent() && !status.get().equals(seen)) {
                seen = status.get();
                progress.accept(seen);
            }
            if (seen != null && seen.phase() == Phase.RUNNING) {
                return seen;
            }
            if (!alive) {
                Optional<StackStatus> other = running();
                if (status.isEmpty() && other.isPresent()) {
                    // Another command has started the stack at the same moment.
                    return awaitReady(null, other.get().supervisor(), progress);
                }
                throw failureOf(status);
            }
            sleep();
        }
        throw new TanrenException(
                ErrorCode.STACK_PART_FAILED,
                "The stack did not become ready within " + START_PATIENCE.toMinutes() + " minutes.",
                home.logs().toString(),
                "Look at ./tanren status and the logs.");
    }

    private TanrenException failureOf(Optional<StackStatus> status) {
        StackStatus.Failure failure = status.map(StackStatus::failure).orElse(null);
        if (failure != null) {
            return TanrenException.withLines(
                    ErrorCode.valueOf(failure.code()),
                    failure.what(),
                    failure.where(),
                    failure.mend(),
                    null);
        }
        String said;
        try {
            said = Files.readString(log()).strip();
        } catch (IOException unreadable) {
            said = "";
        }
        return TanrenException.withLines(
                ErrorCode.STACK_PART_FAILED,
                "The supervisor ended before the stack was ready."
                        + (said.isEmpty() ? "" : " ")
                        + said,
                log().toString(),
                "Read its log and start the stack again: ./tanren up",
                null);
    }

    /// Stops the stack in good order, workers first; also what a supervisor that was killed left.
    ///
    /// @return whether anything was there to stop
    public boolean down(Consumer<StackStatus> progress) {
        endUnannounced();
        Optional<StackStatus> status = file.read();
        if (status.isEmpty()) {
            return false;
        }
        ProcessIdentity supervisor = status.get().supervisor();
        if (!supervisor.alive()) {
            return new LeftBehind(file).stop(status.get());
        }
        LeftBehind.askToEnd(supervisor);
        long end = System.nanoTime() + STOP_PATIENCE.toNanos();
        @Nullable StackStatus seen = null;
        while (supervisor.alive()) {
            StackStatus now = file.read().orElse(null);
            if (now != null && !now.equals(seen)) {
                seen = now;
                progress.accept(now);
            }
            if (System.nanoTime() > end) {
                throw new TanrenException(
                        ErrorCode.STACK_PART_FAILED,
                        "The supervisor did not stop the stack within "
                                + STOP_PATIENCE.toMinutes()
                                + " minutes.",
                        "process " + supervisor.pid(),
                        "Read " + log() + ", end that process, and run ./tanren down again.");
            }
            sleep();
        }
        return true;
    }

    /// Waits for the word of a supervisor that this process has just started, so that it is known
    /// what is to be stopped; one that says nothing for long has no parts.
    private void endUnannounced() {
        Process own = launched;
        if (own == null || !own.isAlive()) {
            return;
        }
        long end = System.nanoTime() + ANNOUNCEMENT.toNanos();
        while (own.isAlive() && file.read().filter(it -> by(own, it)).isEmpty()) {
            if (System.nanoTime() > end) {
                own.destroy();
                return;
            }
            sleep();
        }
    }

    private static boolean by(Process supervisor, StackStatus status) {
        return status.supervisor().pid() == supervisor.pid();
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the stack", e);
        }
    }
}
