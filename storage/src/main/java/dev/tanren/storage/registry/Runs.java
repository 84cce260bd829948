package dev.tanren.storage.registry;

import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Runs and their stages.
///
/// The run's workflow is the one writer of its state and of its stages': every projection carries
/// its place among the run's changes, and one that is older than what is recorded changes nothing.
/// A reader may therefore see a state late, never an older one after a newer.
public interface Runs {

    /// Records a new run in state `QUEUED` with one row for each stage, as its first execution.
    /// Idempotent by run id.
    void create(NewRun run);

    Optional<Run> find(String runId);

    /// Newest first.
    ///
    /// @param cursor run id after which the page begins; null for the first page
    List<Run> list(Filter filter, @Nullable String cursor, int limit);

    List<StageRow> stages(String runId);

    /// The stages of many runs by run, each in the order of its plan, asked for at once.
    Map<String, List<StageRow>> stages(Collection<String> runIds);

    /// How many runs there are in each state; a state without any is left out.
    Map<RunState, Long> counts();

    /// Records a state of the run.
    ///
    /// @param reason plain words for people; null where the state speaks for itself
    /// @throws dev.tanren.plan.error.TanrenException `NOT_FOUND`
    Projected project(
            String runId,
            RunVersion version,
            RunState state,
            @Nullable String reason,
            @Nullable Failure failure);

    /// Records a state of a stage. A change of an execution that a retry has replaced is late.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `NOT_FOUND`
    Projected projectStage(String runId, String stageId, RunVersion version, StageState state);

    /// Begins the execution after `seen`, whose run is queued again. Of many callers that saw the
    /// same execution one begins it, and all of them are told the same.
    ///
    /// @param seen the execution that is to be tried again
    /// @return the new execution; empty where the run has moved on, or its state allows no retry
    OptionalLong beginExecution(String runId, long seen, String reason);

    /// Records how an execution ended whose workflow could not record it: the run, its stages that
    /// were at work, and those that it did not reach. Nothing that is still written for that
    /// execution changes anything afterwards.
    ///
    /// @param seen the run as it was when its end was noticed
    /// @param end a terminal state
    /// @return false where the run has changed since, and nothing was recorded
    boolean reconcile(Run seen, RunState end, String reason, @Nullable Failure failure);

    /// Says why a run still waits for its workflow. Nothing happens once that has begun.
    void explainQueued(String runId, long execution, String reason);

    /// Runs in which something may still happen by itself, oldest first.
    ///
    /// @param unchangedFor leaves out those whose state changed since
    List<Run> open(Duration unchangedFor);

    /// Where a training stage stands. What an attempt reports after a newer one has begun, or after
    /// a later step of its own, changes nothing.
    void setProgress(
            String runId, String stageId, long fencingToken, @Nullable String phaseId, long step);

    /// A JSON object with what a finished stage gives to people and to later stages. What an
    /// execution writes that a retry has replaced changes nothing.
    void setStageResult(String runId, String stageId, long execution, String resultJson);

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
            RunVersion version,
            RunState status,
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
            StageState status,
            @Nullable String phaseId,
            long step,
            long totalSteps,
            @Nullable String resultJson,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt) {}

    /// What became of a projection.
    enum Projected {
        /// It is recorded now.
        NOW,
        /// It was recorded before, by an earlier try of the same call.
        BEFORE,
        /// A newer one was recorded before it, so it changed nothing.
        LATE
    }

    /// @param code constant name of `ErrorCode`
    record Failure(String code, String what, String where, String mend) {}

    /// Fields that are null do not filter.
    ///
    /// @param nameContains case-insensitive
    record Filter(
            @Nullable List<RunState> statuses,
            @Nullable String nameContains,
            @Nullable String owner) {
        public static final Filter ALL = new Filter(null, null, null);
    }
}
