package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.Phase;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The life of the process that supervises a stack: one for each home.
public final class SupervisorProcess {

    /// What was asked for.
    ///
    /// @param console port of the console
    /// @param workers how many workers
    /// @param fileRoots folders that `file:` sources of plans may lie in
    public record Request(int console, int workers, List<Path> fileRoots) {
        public Request {
            fileRoots = List.copyOf(fileRoots);
        }
    }

    private final TanrenHome home;
    private final Request request;
    private final Function<Ports, List<StackPart>> partsAt;
    private volatile @Nullable Supervisor supervisor;
    private @Nullable Ports ports;

    SupervisorProcess(TanrenHome home, Request request, Function<Ports, List<StackPart>> partsAt) {
        this.home = home;
        this.request = request;
        this.partsAt = partsAt;
    }

    /// Runs the stack that the settings of `settingsAt` describe until this process is asked to
    /// end.
    ///
    /// @return exit code of the process
    public static int run(
            TanrenHome home,
            Request request,
            Function<Ports, dev.tanren.deploy.stack.StackSettings> settingsAt) {
        Signals.leaveTerminal();
        return new SupervisorProcess(
                        home,
                        request,
                        settingsAt.andThen(settings -> StackParts.of(settings, System.getenv())))
                .run();
    }

    int run() {
        PrivateFiles.folder(home.folder());
        try (FileChannel channel =
                        FileChannel.open(
                                home.lockFile(),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                System.err.println("another supervisor runs the stack of " + home.folder());
                return 1;
            }
            return supervise();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int supervise() {
        StackFile file = new StackFile(home);
        Optional<StackStatus> last = file.read();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(main)));
            runParts(file, last, executor);
            file.write(status(Phase.STOPPED, null, last));
            return 0;
        } catch (TanrenException e) {
            e.printStackTrace();
            file.write(
                    status(
                            Phase.FAILED,
                            new StackStatus.Failure(e.code().name(), e.what(), e.where(), e.mend()),
                            last));
            return 1;
        }
    }

    private void runParts(StackFile file, Optional<StackStatus> last, ExecutorService executor) {
        List<StackStatus.Part> left = last.map(StackStatus::parts).orElse(List.of());
        Ports chosen =
                LoopbackPorts.choose(
                        last.map(StackStatus::ports),
                        request.console(),
                        port -> left.stream().anyMatch(part -> holds(part, port)));
        ports = chosen;
        Supervisor started =
                new Supervisor(
                        partsAt.apply(chosen),
                        home.logs(),
                        executor,
                        phase -> file.write(status(phase, null, last)));
        supervisor = started;
        try {
            started.takeOver(left);
            started.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TanrenException(
                    ErrorCode.INTERNAL,
                    "The supervisor was interrupted.",
                    home.folder().toString(),
                    "Start the stack again: ./tanren up",
                    e);
        }
    }

    private static boolean holds(StackStatus.Part part, int port) {
        ProcessIdentity process = part.process();
        Integer held = part.port();
        return held != null && held == port && process != null && process.alive();
    }

    private void stopAndWait(Thread main) {
        Supervisor running = supervisor;
        if (running == null) {
            return;
        }
        running.requestStop();
        try {
            main.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @param last what is kept of it where the start fails before there is anything newer: the
    /// ports     to come back to, and the parts that an earlier supervisor left behind
    private StackStatus status(
            Phase phase, StackStatus.@Nullable Failure failure, Optional<StackStatus> last) {
        Supervisor running = supervisor;
        Ports at =
                ports == null
                        ? last.map(StackStatus::ports)
                                .orElseGet(() -> Ports.notChosen(request.console()))
                        : ports;
        return new StackStatus(
                StackStatus.VERSION,
                phase,
                ProcessIdentity.ofThisProcess(),
                "http://127.0.0.1:" + at.console(),
                at,
                request.workers(),
                request.fileRoots().stream().map(Path::toString).toList(),
                running == null ? last.map(StackStatus::parts).orElse(List.of()) : running.status(),
                failure);
    }
}
