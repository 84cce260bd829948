package dev.tanren.activities.gang;

import dev.tanren.activities.gang.internal.GangEvent;
import dev.tanren.activities.gang.internal.GangLauncher;
import dev.tanren.activities.gang.internal.GangMemory;
import dev.tanren.activities.gang.internal.GangRecorder;
import dev.tanren.activities.gang.internal.GangWatch;
import dev.tanren.activities.gang.internal.Ranks;
import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.memory.MemoryWatch;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.activities.process.LogUpload;
import dev.tanren.activities.process.ReportSocket;
import dev.tanren.activities.process.Scratch;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;

/// Runs the ranks of one attempt to the end of its phase.
///
/// No rank outlives [#run]. What ranks report is recorded and their checkpoints are committed while
/// they go on. One rank's end by itself ends them all. Safe for use by many threads, one gang each.
public final class GangSupervisor {

    private static final Duration LAST_WRITES = Duration.ofSeconds(3);

    private final GangLauncher launcher;
    private final WorkerMemory memory;
    private final Registry registry;
    private final ObjectStore store;
    private final CheckpointStore checkpoints;
    private final Path scratch;
    private final Path journals;
    private final GangSettings settings;
    private final String worker;

    /// @param memory that gangs are promised
    /// @param scratch folder below which each attempt has its own
    /// @param journals folder for what could not be recorded yet, which outlives this worker
    /// @param worker id of this worker, for people
    public GangSupervisor(
            GangLauncher launcher,
            WorkerMemory memory,
            Registry registry,
            ObjectStore store,
            CheckpointStore checkpoints,
            Path scratch,
            Path journals,
            GangSettings settings,
            String worker) {
        this.launcher = launcher;
        this.memory = memory;
        this.registry = registry;
        this.store = store;
        this.checkpoints = checkpoints;
        this.scratch = scratch;
        this.journals = journals;
        this.settings = settings;
        this.worker = worker;
    }

    /// However it ends, no rank is left, and the attempt's end is recorded with its class. Only a
    /// gang that another worker has room for leaves the attempt as it is.
    ///
    /// @return finished, or stopped by a cancellation that was obeyed
    /// @throws TanrenException why the ranks ended before their work was done; `WORKER_FULL`;
    ///     `INTERNAL` for what nobody has foreseen
    public GangResult run(GangRequest request, Lease lease) {
        TrainingStage stage =
                (TrainingStage) request.work().plan().stage(request.work().stageId()).orElseThrow();
        try (GangRecorder recorder = new GangRecorder(registry, store, journals, request)) {
            try {
                GangResult result = superviseWithin(request, stage, lease, recorder);
                recordEnd(request, result, recorder);
                return result;
            } catch (TanrenException e) {
                if (e.code() == ErrorCode.WORKER_FULL) {
                    recorder.stillWaits("waits for a worker that has room: " + e.what());
                } else {
                    recordFailure(e, recorder);
                }
                throw e;
            } catch (RuntimeException | Error e) {
                TanrenException unforeseen = unforeseen(request, e);
                recordFailure(unforeseen, recorder);
                throw unforeseen;
            } finally {
                recorder.drain(lease, LAST_WRITES);
            }
        }
    }

    private void recordEnd(GangRequest request, GangResult result, GangRecorder recorder) {
        if (result.finished()) {
            recorder.ended(
                    AttemptStatus.SUCCEEDED,
                    "step " + request.work().lastStep() + " is committed",
                    null);
        } else {
            recorder.ended(
                    isCancelling(request.work().runId())
                            ? AttemptStatus.CANCELLED
                            : AttemptStatus.PAUSED,
                    "stopped at step " + result.committedStep(),
                    null);
        }
    }

    private static void recordFailure(TanrenException e, GangRecorder recorder) {
        recorder.ended(AttemptStatus.of(e.failureClass()), e.what() + " [" + e.where() + "]", e);
    }

    private static TanrenException unforeseen(GangRequest request, Throwable e) {
        return new TanrenException(
                ErrorCode.INTERNAL,
                "the gang ended in a way that is not foreseen: " + e,
                "stage " + request.work().stageId() + ", attempt " + request.work().attempt(),
                "report it with the worker's log",
                e);
    }

    private GangResult superviseWithin(
            GangRequest request, TrainingStage stage, Lease lease, GangRecorder recorder) {
        GangMemory own = new GangMemory(memory, registry, worker, request, stage);
        try (GangMemory.Promise promise = own.await(lease, recorder)) {
            return promise.held()
                    ? supervise(request, stage, lease, recorder, own, promise)
                    : new GangResult(request.work().fencingToken(), false, request.resumeStep());
        }
    }

    private GangResult supervise(
            GangRequest request,
            TrainingStage stage,
            Lease lease,
            GangRecorder recorder,
            GangMemory gangMemory,
            GangMemory.Promise promise) {
        LinkedBlockingQueue<GangEvent> events = new LinkedBlockingQueue<>();
        int ranks = stage.parallelism().ranks();
        try (Scratch own = Scratch.create(scratch, "gang-" + request.work().fencingToken());
                ReportSocket socket =
                        ReportSocket.listen(
                                own.folder(),
                                report -> events.add(new GangEvent.Reported(report)));
                LogUpload _ = LogUpload.start(store, logKeys(request, own, ranks));
                MemoryWatch watched = gangMemory.watch(promise.grant(), events::add)) {
            Ranks gang =
                    launcher.launch(
                            request,
                            stage,
                            own,
                            socket.path(),
                            watched,
                            (rank, code) -> events.add(new GangEvent.Exited(rank, code)));
            try {
                recorder.launched(worker, ranks);
                return watch(request, stage, lease, recorder, gang, events, socket);
            } catch (TanrenException e) {
                throw gangMemory.onceMore(e, watched);
            } finally {
                gang.kill();
                gang.awaitEnd();
            }
        }
    }

    private GangResult watch(
            GangRequest request,
            TrainingStage stage,
            Lease lease,
            GangRecorder recorder,
            Ranks gang,
            LinkedBlockingQueue<GangEvent> events,
            ReportSocket socket) {
        try (GangWatch watch =
                new GangWatch(
                        request,
                        stage,
                        settings,
                        lease,
                        gang,
                        recorder,
                        checkpoints,
                        events,
                        socket::quiet,
                        () -> isCancelling(request.work().runId()))) {
            return watch.untilTheEnd();
        }
    }

    /// A cancelled run needs no last checkpoint. A registry that does not answer costs one.
    private boolean isCancelling(String runId) {
        try {
            return registry.runs()
                    .find(runId)
                    .map(run -> run.status() == RunState.CANCELLING)
                    .orElse(false);
        } catch (TanrenException e) {
            if (e.failureClass() == FailureClass.STORAGE) {
                return false;
            }
            throw e;
        }
    }

    private static Map<Path, String> logKeys(GangRequest request, Scratch scratch, int ranks) {
        Map<Path, String> keys = new HashMap<>();
        for (int rank = 0; rank < ranks; rank++) {
            keys.put(
                    GangLauncher.log(scratch, rank),
                    "runs/%s/%s/logs/%d/rank-%d.log"
                            .formatted(
                                    request.work().runId(),
                                    request.work().stageId(),
                                    request.work().attempt(),
                                    rank));
        }
        return keys;
    }
}
