package dev.tanren.activities.model;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.workflows.activity.ModelActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;

/// See [ModelActivities].
public final class ModelActivitiesImpl implements ModelActivities {

    private final ModelPreparation preparation;
    private final Drain drain;

    public ModelActivitiesImpl(ModelPreparation preparation, Drain drain) {
        this.preparation = preparation;
        this.drain = drain;
    }

    @Override
    public ResolvedModel resolve(ResolveRequest request) {
        ActivityExecutionContext context = Activity.getExecutionContext();
        try (HeartbeatLease lease = HeartbeatLease.hold(context, drain)) {
            return preparation.resolve(
                    request.plan(),
                    (what, done) -> {
                        lease.progress(done);
                        context.heartbeat(done);
                    });
        }
    }
}
