package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Runs and their stages.
public interface Runs {

    /// Records a new run in state `QUEUED` with one row for each stage. Idempotent by run id.
    void create(NewRun run);

    Optional<Run> find(String runId);

    /// Newest first.
    ///
    /// @param cursor run id after which the page begins; null for the first page
    List<Run> list(Filter filter, @Nullable String cursor, int limit);

    List<StageRow> stages(String runId);

    /// @param reason plain words for people; null where the state speaks for itself
    void setStatus(
            String runId, RunStatus status, @Nullable String reason, @Nullable Failure failure);

    void setStageStatus(String runId, String stageId, RunStatus status);

    /// Where a training stage stands.
    void setProgress(String runId, String stageId, @Nullable String phaseId, long step);

    /// A JSON object with what a finished stage gives to people and to later stages.
    void setStageResult(String runId, String stageId, String resultJson);

    /// @param runId sorts by creation time
    /// @param planJson the plan as it runs, with its defaults
    /// @param submitted what was sent; null where nothing was
    record NewRun(
            String runId,
            String name,
            String planJson,
            @Nullable PlanText submitted,
            String owner,
            List<NewStage> stages) {}

    /// A plan as someone wrote it.
    ///
    /// @param mediaType such as `application/yaml`
    record PlanText(String text, String mediaType) {}

    record NewStage(String stageId, String type, long totalSteps) {}

    record Run(
            String runId,
            String name,
            String planJson,
            @Nullable PlanText submitted,
            String owner,
            RunStatus status,
            @Nullable String reason,
            @Nullable Failure failure,
            @Nullable String currentStage,
            Instant createdAt,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt) {}

    record StageRow(
            String runId,
            String stageId,
            int position,
            String type,
            RunStatus status,
            @Nullable String phaseId,
            long step,
            long totalSteps,
            @Nullable String resultJson,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt) {}

    /// @param code constant name of `ErrorCode`
    record Failure(String code, String what, String where, String mend) {}

    /// Fields that are null do not filter.
    ///
    /// @param nameContains case-insensitive
    record Filter(
            @Nullable List<RunStatus> statuses,
            @Nullable String nameContains,
            @Nullable String owner) {
        public static final Filter ALL = new Filter(null, null, null);
    }
}
