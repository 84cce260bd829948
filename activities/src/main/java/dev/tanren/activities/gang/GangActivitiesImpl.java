package dev.tanren.activities.gang;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.workflows.activity.GangActivities;
import io.temporal.activity.Activity;

/// See [GangActivities].
public final class GangActivitiesImpl implements GangActivities {

    private final GangSupervisor supervisor;
    private final Drain drain;

    public GangActivitiesImpl(GangSupervisor supervisor, Drain drain) {
        this.supervisor = supervisor;
        this.drain = drain;
    }

    @Override
    public GangResult train(GangRequest request) {
        try (HeartbeatLease lease = HeartbeatLease.hold(Activity.getExecutionContext(), drain)) {
            return supervisor.run(request, lease);
        }
    }
}
