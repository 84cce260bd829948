package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;

/// Publishes weights.
@ActivityInterface(namePrefix = "Export")
public interface ExportActivities {

    /// Writes the newest checkpoint of the stage's `of` in the stage's formats and records what it
    /// wrote as the stage's result. Idempotent.
    Exported export(ExportRequest request);

    /// @param execution the run's: what one that a retry has replaced writes is not recorded
    /// @param stageId of a [dev.tanren.plan.Stage.Export]
    /// @param trainedOn what the run was prepared for; a checkpoint of anything else is refused
    record ExportRequest(
            String runId, long execution, Plan plan, String stageId, TrainedOn trainedOn) {}

    /// @param execution that was asked for
    /// @param stageId that was asked for
    /// @param prefix key prefix of the artifacts, ending in `/`
    record Exported(long execution, String stageId, String prefix, long step) {}
}
