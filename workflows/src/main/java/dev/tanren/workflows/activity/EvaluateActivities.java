package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;
import java.util.Map;

/// Measures a model in the inference runtime.
@ActivityInterface(namePrefix = "Evaluate")
public interface EvaluateActivities {

    /// Measures perplexity on every dataset's held-out blocks, compares it with the trainer's own
    /// figures for the same checkpoint, holds the stage's requirements against it, and records
    /// figures and a generated sample as the stage's result.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `RUNTIMES_DISAGREE`, `GATE_FAILED`
    Evaluated evaluate(EvaluateRequest request);

    /// @param execution the run's: what one that a retry has replaced measures is not recorded
    /// @param stageId of a [dev.tanren.plan.Stage.Evaluate]
    /// @param trainedOn what the run was prepared for, whose held-out sets are measured
    record EvaluateRequest(
            String runId, long execution, Plan plan, String stageId, TrainedOn trainedOn) {}

    /// @param execution that was asked for
    /// @param stageId that was asked for
    /// @param metrics by name, such as `code.perplexity`
    record Evaluated(long execution, String stageId, Map<String, Double> metrics) {}
}
