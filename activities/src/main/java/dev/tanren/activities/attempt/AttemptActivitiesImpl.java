package dev.tanren.activities.attempt;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.workflows.activity.AttemptActivities;
import dev.tanren.workflows.activity.StartingPoint;
import io.temporal.activity.Activity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// See [AttemptActivities].
public final class AttemptActivitiesImpl implements AttemptActivities {

    private final Registry registry;
    private final CheckpointStore checkpoints;
    private final String worker;
    private final Drain drain;

    /// @param worker id of this worker, for people
    public AttemptActivitiesImpl(
            Registry registry, CheckpointStore checkpoints, String worker, Drain drain) {
        this.registry = registry;
        this.checkpoints = checkpoints;
        this.worker = worker;
        this.drain = drain;
    }

    @Override
    public Begun begin(BeginRequest request) {
        try (HeartbeatLease _ = HeartbeatLease.hold(Activity.getExecutionContext(), drain)) {
            return beginHeld(request);
        }
    }

    @Override
    public void end(EndRequest request) {
        registry.attempts().list(request.runId()).stream()
                .filter(attempt -> attempt.fencingToken() == request.fencingToken())
                .filter(attempt -> attempt.endedAt() == null)
                .forEach(attempt -> end(attempt, request.reason(), request.failureClass()));
    }

    private Begun beginHeld(BeginRequest request) {
        Optional<Committed> latest = checkpoints.latestValid(request.runId(), request.stageId());
        if (latest.isPresent() && latest.get().manifest().step() >= request.lastStep()) {
            return new Begun(
                    true,
                    0,
                    0,
                    point(latest.get()),
                    latest.get().manifest().step(),
                    List.of(),
                    List.of(),
                    null);
        }
        StartingPoint start =
                latest.<StartingPoint>map(AttemptActivitiesImpl::point)
                        .orElseGet(() -> initial(request));
        long resumeStep = latest.map(found -> found.manifest().step()).orElse(0L);
        TrainingStage stage = (TrainingStage) request.plan().stage(request.stageId()).orElseThrow();
        Attempts.Attempt attempt =
                registry.attempts()
                        .begin(
                                request.runId(),
                                request.stageId(),
                                request.phaseId(),
                                worker,
                                stage.parallelism().ranks(),
                                resumeStep,
                                request.requestId());
        return new Begun(
                false,
                attempt.attempt(),
                attempt.fencingToken(),
                start,
                attempt.resumeStep(),
                SkippedSteps.of(registry.events(), request.runId(), request.stageId()),
                PhasesLeftOut.before(
                        request.phaseId(),
                        stage,
                        registry.events(),
                        request.runId(),
                        latest.map(found -> found.manifest().state()).orElse(Map.of())),
                Placement.of(earlier(attempt), registry.workers().heardWithin(Workers.SILENCE)));
    }

    private List<Attempts.Attempt> earlier(Attempts.Attempt begun) {
        return registry.attempts().list(begun.runId()).stream()
                .filter(attempt -> attempt.stageId().equals(begun.stageId()))
                .filter(attempt -> attempt.fencingToken() < begun.fencingToken())
                .toList();
    }

    private void end(Attempts.Attempt attempt, String reason, @Nullable String failureClass) {
        registry.attempts()
                .end(
                        attempt.fencingToken(),
                        failureClass == null ? AttemptStatus.CANCELLED : AttemptStatus.FAILED,
                        reason,
                        failureClass,
                        attempt.lastStep());
    }

    private StartingPoint initial(BeginRequest request) {
        refuseWhereNoneIsValid(request.runId(), request.stageId());
        TrainingStage stage = (TrainingStage) request.plan().stage(request.stageId()).orElseThrow();
        Optional<TrainingStage> before = request.plan().predecessor(stage);
        if (before.isPresent()) {
            return checkpoints
                    .latestValid(request.runId(), before.get().id())
                    .<StartingPoint>map(found -> new StartingPoint.OtherStage(found.manifestKey()))
                    .orElseThrow(() -> noneValid(before.get().id()));
        }
        String prefix = request.importedPrefix();
        return prefix == null ? new StartingPoint.Fresh() : new StartingPoint.Imported(prefix);
    }

    /// A stage whose checkpoints are all damaged must not silently begin from nothing.
    private void refuseWhereNoneIsValid(String runId, String stageId) {
        boolean damaged =
                registry.checkpoints().list(runId).stream()
                        .anyMatch(
                                row -> row.stageId().equals(stageId) && row.quarantined() != null);
        if (damaged) {
            throw noneValid(stageId);
        }
    }

    private static StartingPoint.Checkpoint point(Committed found) {
        return new StartingPoint.Checkpoint(found.manifestKey(), found.manifest().step());
    }

    private static TanrenException noneValid(String stageId) {
        return new TanrenException(
                ErrorCode.CHECKPOINT_NONE_VALID,
                "no checkpoint of the stage verifies",
                "stage " + stageId,
                "restore its objects, or submit the plan as a new run");
    }
}
