package dev.tanren.activities.model;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.spec.model.EndTokens;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.validation.ModelAdvice;
import dev.tanren.storage.registry.Events;
import dev.tanren.workflows.activity.ModelActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import java.util.Map;

/// See [ModelActivities].
public final class ModelActivitiesImpl implements ModelActivities {

    private final ModelPreparation preparation;
    private final Events events;
    private final Drain drain;

    public ModelActivitiesImpl(ModelPreparation preparation, Events events, Drain drain) {
        this.preparation = preparation;
        this.events = events;
        this.drain = drain;
    }

    @Override
    public ResolvedModel resolve(ResolveRequest request) {
        ActivityExecutionContext context = Activity.getExecutionContext();
        try (HeartbeatLease lease = HeartbeatLease.hold(context, drain)) {
            ResolvedModel model =
                    preparation.resolve(
                            request.plan(),
                            (what, done) -> {
                                lease.progress(done);
                                context.heartbeat(done);
                            });
            if (!model.tokenizerKey().isEmpty()) {
                tell(request.runId(), model);
            }
            return model;
        }
    }

    private static String heads(Architecture architecture) {
        return ModelAdvice.heads(
                        architecture.family(), architecture.hiddenSize(), architecture.heads())
                .map(advice -> "; " + advice.found() + ": " + advice.mend())
                .orElse("");
    }

    /// Says in the timeline what documents end in.
    private void tell(String runId, ResolvedModel model) {
        EndTokens ends = preparation.endTokens(model);
        events.append(
                runId,
                "model.resolved",
                null,
                "the model is ready; " + ends.describe() + heads(model.architecture()),
                ends.ofDocuments()
                        .<Map<String, Object>>map(end -> Map.of("endTokenId", end.id()))
                        .orElse(Map.of()),
                "model.resolved " + model.tokenizerKey());
    }
}
