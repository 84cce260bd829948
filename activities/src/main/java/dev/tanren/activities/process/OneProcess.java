package dev.tanren.activities.process;

import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.memory.MemoryLedger;
import dev.tanren.activities.memory.MemoryWatch;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.units.ByteSize;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/// Runs a single process of the model runtime to its end, once its memory is promised.
public record OneProcess(
        Node node, StoreCredentials credentials, ObjectStore store, WorkerMemory memory) {

    /// A process that is at work for longer hangs; the wait for its memory does not count.
    private static final Duration LONGEST = Duration.ofHours(12);

    private static final long TICK_MILLIS = 200;
    private static final Duration TICK = Duration.ofMillis(TICK_MILLIS);

    /// What is run, and for which run.
    ///
    /// @param name of the folder and the log; must be unique on this machine
    /// @param logKey where the log goes in the object store
    /// @param trainedOn what the process may read besides the run's own objects
    /// @param expectedBytes of memory that it will take, about
    public record Task(
            String name,
            String logKey,
            String runId,
            String stageId,
            TrainedOn trainedOn,
            long expectedBytes) {}

    /// What the process is told beside its own launch record.
    public record Place(Path folder, Path reportSocket) {}

    /// @param launch makes the launch record
    /// @param command makes the command from its arguments
    /// @return all reports, the last one a [Report.Finished]
    /// @throws TanrenException why it ended otherwise; `RANK_PREEMPTED` where the lease ended
    public List<Report> run(
            Task task,
            Lease lease,
            Function<Place, Object> launch,
            Function<List<String>, RuntimeCommand> command) {
        try (MemoryLedger.Grant grant = memory.ask(task.name(), task.expectedBytes())) {
            awaitTurn(grant, lease, task.name());
            return runWithin(grant, task, lease, launch, command);
        }
    }

    private List<Report> runWithin(
            MemoryLedger.Grant grant,
            Task task,
            Lease lease,
            Function<Place, Object> launch,
            Function<List<String>, RuntimeCommand> command) {
        String name = task.name();
        ConcurrentLinkedQueue<Report> reports = new ConcurrentLinkedQueue<>();
        BlockingQueue<Integer> exit = new ArrayBlockingQueue<>(1);
        AtomicBoolean exceeded = new AtomicBoolean();
        try (Scratch scratch = Scratch.create(node.scratch(), name);
                ReportSocket socket = ReportSocket.listen(scratch.folder(), reports::add)) {
            Path log = scratch.folder().resolve("process.log");
            Path work = scratch.folder("work");
            Path file =
                    scratch.launchFile("launch.json", launch.apply(new Place(work, socket.path())));
            try (LogUpload _ = LogUpload.start(store, Map.of(log, task.logKey()));
                    MemoryWatch watch =
                            MemoryWatch.start(
                                    memory, name, name, grant, taken -> exceeded.set(true))) {
                LaunchedProcess process =
                        LaunchedProcess.start(
                                name,
                                command.apply(List.of(file.toString()))
                                        .withMemory(grant.bytes())
                                        .processBuilder()
                                        .directory(work.toFile()),
                                credentials.environment(
                                        task.runId(), task.stageId(), task.trainedOn()),
                                log,
                                exit::add);
                watch.add(process.pid());
                int code = await(process, grant, exit, socket, lease, name, exceeded);
                boolean outOfMemory =
                        (code == 137 && watch.killed(process.pid(), grant.bytes()))
                                || FailedAllocation.namedIn(log);
                try {
                    return check(name, code, List.copyOf(reports), outOfMemory);
                } catch (TanrenException e) {
                    if (e.code() == ErrorCode.RANK_OUT_OF_MEMORY && watch.asksForMore()) {
                        throw promiseExceeded(e.what(), grant, name);
                    }
                    throw e;
                }
            }
        }
    }

    private static int await(
            LaunchedProcess process,
            MemoryLedger.Grant grant,
            BlockingQueue<Integer> exit,
            ReportSocket socket,
            Lease lease,
            String name,
            AtomicBoolean exceeded) {
        long end = System.nanoTime() + LONGEST.toNanos();
        try {
            while (System.nanoTime() < end) {
                Integer code = exit.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
                if (code != null) {
                    awaitLastWord(socket);
                    return code;
                }
                if (lease.state() != Lease.State.HELD) {
                    throw ended(name);
                }
                if (exceeded.get()) {
                    throw promiseExceeded(
                            "the process took more memory than there was for it", grant, name);
                }
            }
            throw new TanrenException(
                    ErrorCode.RANK_HUNG,
                    "the process has not ended in " + LONGEST.toHours() + " hours",
                    name,
                    "look at its log; it is started again");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ended(name);
        } finally {
            process.kill();
            process.awaitEnd();
        }
    }

    private static void awaitTurn(MemoryLedger.Grant grant, Lease lease, String name) {
        try {
            while (!grant.await(TICK)) {
                if (lease.state() != Lease.State.HELD) {
                    throw ended(name);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ended(name);
        }
    }

    private static TanrenException promiseExceeded(
            String what, MemoryLedger.Grant grant, String name) {
        return new TanrenException(
                ErrorCode.RANK_PROMISE_EXCEEDED,
                what + "; " + new ByteSize(grant.bytes()) + " were promised to it",
                name,
                "nothing to do: it is started again when more is free");
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
