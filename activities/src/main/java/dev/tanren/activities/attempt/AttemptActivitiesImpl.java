package dev.tanren.activities.attempt;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.AttemptActivities;
import io.temporal.activity.Activity;

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
    public Told end(EndRequest request) {
        return new Told(request.fencingToken(), new LostAttempts(registry).end(request));
    }
}
