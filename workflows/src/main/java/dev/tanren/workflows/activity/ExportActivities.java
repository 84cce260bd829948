package dev.tanren.workflows.activity;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Plan;
import io.temporal.activity.ActivityInterface;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Publishes weights.
@ActivityInterface(namePrefix = "Export")
public interface ExportActivities {

    /// Writes the newest checkpoint of the stage's `of` in the stage's formats and records what it
    /// wrote as the stage's result. Idempotent.
    Exported export(ExportRequest request);

    /// @param stageId of a [dev.tanren.spec.plan.Stage.Export]
    /// @param importedPrefix key prefix of the Hugging Face directory that training began from;
    ///     null for fresh weights
    /// @param importedCommit of [ModelActivities.ResolvedModel]
    /// @param datasets manifest key of each prepared dataset; none in requests of before there was
    ///     this field
    record ExportRequest(
            String runId,
            Plan plan,
            String stageId,
            Architecture architecture,
            String tokenizerKey,
            @Nullable String importedPrefix,
            @Nullable String importedCommit,
            @Nullable Map<String, String> datasets) {}

    /// @param prefix key prefix of the artifacts, ending in `/`
    record Exported(String prefix, long step) {}
}
