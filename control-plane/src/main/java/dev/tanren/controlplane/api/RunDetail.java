package dev.tanren.controlplane.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.storage.tokens.PreparedDataset;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Everything about one run but its series of figures.
///
/// @param situation what a person on call is told
/// @param failure why it failed; null unless it did
/// @param datasets what was prepared so far, in the order in which it was
/// @param preparing how far each dataset has come that is being prepared, as far as was told; empty
///     in the first seconds and after the run's end
/// @param plan the plan as it runs, with its defaults filled in, in Tanren's own form
/// @param planText the plan as it was submitted, which can be submitted again; null where the run
///     is older than the keeping of texts
/// @param planMediaType of `planText`: `application/yaml` or `application/json`
/// @param links where the API has the rest
public record RunDetail(
        RunSummary run,
        Situation situation,
        @Nullable FailureView failure,
        List<StageView> stages,
        List<AttemptView> attempts,
        List<PreparedDataset> datasets,
        List<PreparingView> preparing,
        JsonNode plan,
        @Nullable String planText,
        @Nullable String planMediaType,
        Links links) {

    /// Addresses below this server's own.
    ///
    /// @param logs the list of its logs, each with the `href` of its download
    /// @param artifacts the list of what it published, each with the `href` of its download
    public record Links(
            String self,
            String plan,
            String events,
            String metrics,
            String diagnosis,
            String recovery,
            String checkpoints,
            String logs,
            String artifacts) {

        public static Links of(String runId) {
            String self = "/api/v1/runs/" + runId;
            return new Links(
                    self,
                    self + "/plan",
                    self + "/events",
                    self + "/metrics",
                    self + "/diagnosis",
                    self + "/recovery",
                    self + "/checkpoints",
                    self + "/logs",
                    self + "/artifacts");
        }
    }

    /// @param code such as `TNR-5001`
    /// @param failureClass such as `rank_crashed`
    public record FailureView(
            String code,
            String failureClass,
            boolean retryable,
            String what,
            String where,
            String mend) {}

    /// @param doing such as `reading` or `tokenising`
    /// @param done so many units so far
    /// @param unit `files`, `documents` or `shards`
    /// @param bytes of text that they are; null where that is not known
    /// @param at when that was so
    public record PreparingView(
            String dataset,
            String doing,
            long done,
            String unit,
            @Nullable Long bytes,
            Instant at) {}

    /// @param type `pretrain`, `cpt`, `evaluate` or `export`
    /// @param phases of a training stage, with their first and last step
    /// @param latestCheckpoint the newest that is committed and sound, from which a resume goes on;
    ///     after the stage's end its last step. Null where there is none
    /// @param result what the stage gave, by its type; null before it ended
    public record StageView(
            String id,
            String type,
            String status,
            @Nullable String phase,
            long step,
            long totalSteps,
            List<PhaseView> phases,
            @Nullable CheckpointView latestCheckpoint,
            @Nullable JsonNode result,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt) {}

    public record PhaseView(String id, long firstStep, long lastStep, int sequenceLength) {}

    /// @param resumeStep step after which the attempt went on; 0 at the start of a stage, null
    ///     while it looks for its checkpoint
    /// @param failureClass such as `RANK_CRASHED`; null where nothing failed
    /// @param code such as `TNR-5001`; null where nothing failed
    /// @param recoverySeconds from the failure of the attempt before it to its own first finished
    ///     step; null where the attempt before did not fail, or a person decided in between
    /// @param stepsRecomputed steps that the attempt before had finished and this one did again
    public record AttemptView(
            String stage,
            @Nullable String phase,
            int attempt,
            long fencingToken,
            String worker,
            int ranks,
            String status,
            @Nullable String reason,
            @Nullable String failureClass,
            @Nullable String code,
            @Nullable Long resumeStep,
            long lastStep,
            @Nullable Double recoverySeconds,
            long stepsRecomputed,
            Instant startedAt,
            @Nullable Instant firstStepAt,
            @Nullable Instant endedAt) {}
}
