package dev.tanren.activities.gang;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.workflows.activity.GangActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;

/// See [GangActivities].
public final class GangActivitiesImpl implements GangActivities {

    private final GangSupervisor supervisor;
    private final GangSlots slots;
    private final Drain drain;

    public GangActivitiesImpl(GangSupervisor supervisor, GangSlots slots, Drain drain) {
        this.supervisor = supervisor;
        this.slots = slots;
        this.drain = drain;
    }

    @Override
    public GangResult train(GangRequest request) {
        ActivityExecutionContext context = Activity.getExecutionContext();
        boolean ownQueue = !context.getInfo().getActivityTaskQueue().equals(TASK_QUEUE);
        try (GangSlots.Slot _ = slots.take(ownQueue);
                HeartbeatLease lease = HeartbeatLease.hold(context, drain)) {
            return supervisor.run(request, lease);
        }
    }
}
