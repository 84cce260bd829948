package dev.tanren.activities.attempt;

import dev.tanren.activities.lease.Lease;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.AttemptStart;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.RunRecord;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.workflows.activity.AttemptActivities.BeginRequest;
import dev.tanren.workflows.activity.AttemptActivities.Begun;
import dev.tanren.workflows.activity.StartingPoint;
import io.temporal.client.ActivityCanceledException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Begins an attempt: fences first, looks after.
///
/// The attempt is inserted, which makes all earlier ones stale; then the newest checkpoint that
/// verifies is looked for, which no stale attempt can add to or take away from any more; then the
/// attempt's start is set. A call that is repeated for the same request finds its attempt and goes
/// on from there. The lease is asked between these steps and while checkpoints are read.
final class AttemptBeginning {

    /// How often a run that is paused in the registry is looked at.
    private static final Duration NEXT_LOOK = Duration.ofMillis(500);

    private final Registry registry;
    private final CheckpointStore checkpoints;
    private final ObjectStore store;
    private final String worker;

    AttemptBeginning(
            Registry registry, CheckpointStore checkpoints, ObjectStore store, String worker) {
        this.registry = registry;
        this.checkpoints = checkpoints;
        this.store = store;
        this.worker = worker;
    }

    /// @throws ActivityCanceledException where the lease was cancelled; the attempt, if there is
    ///     one, is ended
    /// @throws TanrenException `RANK_PREEMPTED` where the lease is lost or the worker ends: another
    ///     call goes on; `STATE_CONFLICT` where the run wants no attempt any more
    Begun begin(BeginRequest request, Lease lease) {
        Attempt attempt = insert(request, lease);
        try {
            new AttemptEnds(registry).tellOfReplaced(earlier(attempt));
            RunRecord.keep(store, registry.runs(), request.runId());
            AttemptStart start = find(request, lease);
            goOn(lease);
            return begun(request, registry.attempts().start(attempt, start.step()), start);
        } catch (ActivityCanceledException e) {
            end(attempt, AttemptStatus.CANCELLED, "the run did not want it any more", null);
            throw e;
        } catch (TanrenException e) {
            if (!e.failureClass().retryable()) {
                end(attempt, AttemptStatus.of(e.failureClass()), e.what(), e.code());
            }
            throw e;
        }
    }

    /// Waits while the run is paused: it may have gone on without that being recorded yet.
    private Attempt insert(BeginRequest request, Lease lease) {
        TrainingStage stage = stage(request);
        NewAttempt wanted =
                new NewAttempt(
                        request.runId(),
                        request.execution(),
                        request.stageId(),
                        request.phaseId(),
                        worker,
                        stage.parallelism().ranks(),
                        request.requestId(),
                        registry.attempts().newestToken(request.runId(), request.stageId()));
        while (true) {
            goOn(lease);
            Optional<Attempt> begun = registry.attempts().begin(wanted);
            if (begun.isPresent()) {
                return begun.get();
            }
            pause();
        }
    }

    private AttemptStart find(BeginRequest request, Lease lease) {
        return AttemptStart.of(
                request.stageId(),
                request.plan().predecessor(stage(request)).map(TrainingStage::id).orElse(null),
                stageId ->
                        checkpoints
                                .latestValid(request.runId(), stageId, () -> goOn(lease))
                                .map(found -> ofTheRunsInputs(request, found)));
    }

    /// @throws TanrenException `CHECKPOINT_OTHER_INPUTS`
    private static Committed ofTheRunsInputs(BeginRequest request, Committed found) {
        request.trainedOn().requireSame(found.manifest().trainedOn(), found.manifestKey());
        return found;
    }

    private Begun begun(BeginRequest request, Attempt attempt, AttemptStart start) {
        boolean done = start.step() >= request.lastStep();
        if (done) {
            end(
                    attempt,
                    AttemptStatus.SUCCEEDED,
                    "nothing was left to do: step " + start.step() + " is committed",
                    null);
        }
        return new Begun(
                request.requestId(),
                done,
                attempt.attempt(),
                attempt.fencingToken(),
                point(start, request),
                start.step(),
                SkippedSteps.of(registry.events(), request.runId(), request.stageId()),
                PhasesLeftOut.before(
                        request.phaseId(),
                        stage(request),
                        registry.events(),
                        request.runId(),
                        start instanceof AttemptStart.Resumed resumed
                                ? resumed.checkpoint().manifest().state()
                                : Map.of()),
                Placement.of(earlier(attempt), registry.workers().heardWithin(Workers.SILENCE)));
    }

    private static StartingPoint point(AttemptStart start, BeginRequest request) {
        return switch (start) {
            case AttemptStart.Resumed resumed ->
                    new StartingPoint.Checkpoint(
                            resumed.checkpoint().manifestKey(), resumed.step());
            case AttemptStart.AfterStage after ->
                    new StartingPoint.OtherStage(after.checkpoint().manifestKey());
            case AttemptStart.Anew _ -> {
                String prefix = request.trainedOn().model().importedPrefix();
                yield prefix == null
                        ? new StartingPoint.Fresh()
                        : new StartingPoint.Imported(prefix);
            }
        };
    }

    private List<Attempt> earlier(Attempt begun) {
        return registry.attempts().list(begun.runId()).stream()
                .filter(attempt -> attempt.stageId().equals(begun.stageId()))
                .filter(attempt -> attempt.fencingToken() < begun.fencingToken())
                .toList();
    }

    private void end(Attempt attempt, AttemptStatus how, String reason, @Nullable ErrorCode error) {
        new AttemptEnds(registry).end(attempt, how, reason, error);
    }

    private static TrainingStage stage(BeginRequest request) {
        return (TrainingStage) request.plan().stage(request.stageId()).orElseThrow();
    }

    private static void goOn(Lease lease) {
        switch (lease.state()) {
            case HELD -> {}
            case CANCELLED -> throw new ActivityCanceledException();
            case LOST, UNHEARD -> throw preempted("Temporal was not heard of");
            case DRAINING -> throw preempted("the worker ends");
        }
    }

    private static void pause() {
        try {
            Thread.sleep(NEXT_LOOK);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw preempted("the worker ends");
        }
    }

    private static TanrenException preempted(String what) {
        return new TanrenException(
                ErrorCode.RANK_PREEMPTED,
                "the beginning of an attempt was given up: " + what,
                "worker",
                "nothing is to be done: another worker begins it");
    }
}
