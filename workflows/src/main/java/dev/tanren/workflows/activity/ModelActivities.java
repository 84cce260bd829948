package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;

/// Makes a plan's model ready for ranks.
@ActivityInterface(namePrefix = "Model")
public interface ModelActivities {

    /// Gives the model that the run began with, where [RegistryActivities#fix] has recorded it; the
    /// event `data.differs` says where the sources are other ones by now.
    ///
    /// Otherwise reads the shape of the plan's model, and brings tokenizer and base weights into
    /// the object store. Idempotent.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `PREPARED_GONE` where what the run began with
    ///     is neither in the store nor in its sources any more; others of the data, configuration
    ///     or storage class
    TrainedOn.Model resolve(ResolveRequest request);

    record ResolveRequest(String runId, Plan plan) {}
}
