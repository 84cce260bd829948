package dev.tanren.activities.process;

import dev.tanren.activities.lease.Lease;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Runs a single process of the model runtime to its end.
public record OneProcess(Node node, StoreCredentials credentials, ObjectStore store) {

    private static final long TICK_MILLIS = 200;

    /// What the process is told beside its own launch record.
    public record Place(Path folder, Path reportSocket) {}

    /// @param name of the folder and the log; must be unique on this machine
    /// @param logKey where the log goes in the object store
    /// @param launch makes the launch record
    /// @param command makes the command from its arguments
    /// @return all reports, the last one a [Report.Finished]
    /// @throws TanrenException why it ended otherwise; `RANK_PREEMPTED` where the lease ended
    public List<Report> run(
            String name,
            String logKey,
            Lease lease,
            Function<Place, Object> launch,
            Function<List<String>, RuntimeCommand> command) {
        ConcurrentLinkedQueue<Report> reports = new ConcurrentLinkedQueue<>();
        BlockingQueue<Integer> exit = new ArrayBlockingQueue<>(1);
        try (Scratch scratch = Scratch.create(node.scratch(), name);
                ReportSocket socket = ReportSocket.listen(scratch.folder(), reports::add)) {
            Path log = scratch.folder().resolve("process.log");
            Path work = scratch.folder("work");
            Path file =
                    scratch.launchFile("launch.json", launch.apply(new Place(work, socket.path())));
            try (LogUpload _ = LogUpload.start(store, Map.of(log, logKey))) {
                long killsBefore = MemoryEvents.kills();
                LaunchedProcess process =
                        LaunchedProcess.start(
                                name,
                                command.apply(List.of(file.toString()))
                                        .processBuilder()
                                        .directory(work.toFile()),
                                credentials.environment(),
                                log,
                                exit::add);
                int code = await(process, exit, socket, lease, name);
                boolean outOfMemory =
                        (code == 137 && MemoryEvents.kills() > killsBefore)
                                || MemoryEvents.namedIn(log);
                return check(name, code, List.copyOf(reports), outOfMemory);
            }
        }
    }

    private static int await(
            LaunchedProcess process,
            BlockingQueue<Integer> exit,
            ReportSocket socket,
            Lease lease,
            String name) {
        try {
            while (true) {
                Integer code = exit.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
                if (code != null) {
                    awaitLastWord(socket);
                    return code;
                }
                if (lease.state() != Lease.State.HELD) {
                    throw ended(name);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ended(name);
        } finally {
            process.kill();
        }
    }

    /// The exit may be heard of before the last lines of the socket.
    private static void awaitLastWord(ReportSocket socket) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (!socket.quiet() && System.nanoTime() < end) {
            Thread.sleep(10);
        }
    }

    private static List<Report> check(
            String name, int code, List<Report> reports, boolean outOfMemory) {
        if (code == ExitCode.FINISHED
                && reports.stream().anyMatch(Report.Finished.class::isInstance)) {
            return reports;
        }
        Report.Failed failed =
                reports.stream()
                        .filter(Report.Failed.class::isInstance)
                        .map(Report.Failed.class::cast)
                        .findFirst()
                        .orElse(null);
        throw FailureClassifier.classify(
                List.of(new FailureClassifier.Ending(name, code, failed, outOfMemory)));
    }

    private static TanrenException ended(String name) {
        return new TanrenException(
                ErrorCode.RANK_PREEMPTED,
                "the process was ended with its worker or by request",
                name,
                "nothing to do: the work is done again where it is still wanted");
    }
}
