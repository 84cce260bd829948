package dev.tanren.activities.model;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.activities.registry.DataDiffers;
import dev.tanren.activities.source.Progress;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.validation.ModelAdvice;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.ModelActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import java.util.Map;
import java.util.Optional;

/// See [ModelActivities].
public final class ModelActivitiesImpl implements ModelActivities {

    private final ModelPreparation preparation;
    private final BegunModels begun;
    private final Registry registry;
    private final Drain drain;

    public ModelActivitiesImpl(
            ModelPreparation preparation, BegunModels begun, Registry registry, Drain drain) {
        this.preparation = preparation;
        this.begun = begun;
        this.registry = registry;
        this.drain = drain;
    }

    @Override
    public TrainedOn.Model resolve(ResolveRequest request) {
        ActivityExecutionContext context = Activity.getExecutionContext();
        try (HeartbeatLease lease = HeartbeatLease.hold(context, drain)) {
            Progress progress =
                    (what, done) -> {
                        lease.progress(done);
                        context.heartbeat(done);
                    };
            Optional<TrainedOn> began = registry.inputs().find(request.runId());
            TrainedOn.Model model =
                    began.isPresent()
                            ? again(request, began.get().model(), progress)
                            : preparation.of(request.plan()).resolve(request.plan(), progress);
            if (model.tokenizer() != null) {
                tell(request.runId(), model);
            }
            return model;
        }
    }

    private TrainedOn.Model again(
            ResolveRequest request, TrainedOn.Model began, Progress progress) {
        BegunModels ofPlan = begun.of(request.plan());
        TrainedOn.Model model = ofPlan.get(request.plan(), began, progress);
        DataDiffers.record(
                registry.events(),
                request.runId(),
                began.base() == null ? "the tokenizer" : "the base model",
                ofPlan.differences(request.plan(), began, progress));
        return model;
    }

    private static String heads(Architecture architecture) {
        return ModelAdvice.heads(
                        architecture.family(), architecture.hiddenSize(), architecture.heads())
                .map(advice -> "; " + advice.found() + ": " + advice.mend())
                .orElse("");
    }

    /// Says in the timeline what documents end in.
    private void tell(String runId, TrainedOn.Model model) {
        EndTokens ends = preparation.endTokens(model);
        registry.events()
                .append(
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
