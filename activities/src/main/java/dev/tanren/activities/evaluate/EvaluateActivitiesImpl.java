package dev.tanren.activities.evaluate;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.activity.EvaluateActivities;
import io.temporal.activity.Activity;

/// See [EvaluateActivities].
public final class EvaluateActivitiesImpl implements EvaluateActivities {

    private final Evaluator evaluator;
    private final Drain drain;

    public EvaluateActivitiesImpl(Evaluator evaluator, Drain drain) {
        this.evaluator = evaluator;
        this.drain = drain;
    }

    @Override
    public Evaluated evaluate(EvaluateRequest request) {
        try (HeartbeatLease lease = HeartbeatLease.hold(Activity.getExecutionContext(), drain)) {
            return evaluate(request, lease);
        }
    }

    private Evaluated evaluate(EvaluateRequest request, HeartbeatLease lease) {
        try {
            return new Evaluated(
                    request.execution(), request.stageId(), evaluator.evaluate(request, lease));
        } catch (TanrenException e) {
            throw lease.ending(e);
        }
    }
}
