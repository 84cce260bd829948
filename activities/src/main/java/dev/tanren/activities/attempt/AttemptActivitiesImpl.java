package dev.tanren.activities.attempt;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.AttemptActivities;
import io.temporal.activity.Activity;
import org.jspecify.annotations.Nullable;

/// See [AttemptActivities].
public final class AttemptActivitiesImpl implements AttemptActivities {

    private final Registry registry;
    private final AttemptBeginning beginning;
    private final Drain drain;

    /// @param worker id of this worker, for people
    public AttemptActivitiesImpl(
            Registry registry,
            CheckpointStore checkpoints,
            ObjectStore store,
            String worker,
            Drain drain) {
        this.registry = registry;
        this.beginning = new AttemptBeginning(registry, checkpoints, store, worker);
        this.drain = drain;
    }

    @Override
    public Begun begin(BeginRequest request) {
        try (HeartbeatLease lease = HeartbeatLease.hold(Activity.getExecutionContext(), drain)) {
            return beginning.begin(request, lease);
        }
    }

    @Override
    public void end(EndRequest request) {
        registry.attempts().list(request.runId()).stream()
                .filter(attempt -> attempt.fencingToken() == request.fencingToken())
                .filter(attempt -> attempt.endedAt() == null)
                .forEach(attempt -> end(attempt, request.reason(), request.failureClass()));
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
}
