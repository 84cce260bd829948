package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Begins tries at a stage.
@ActivityInterface(namePrefix = "Attempt")
public interface AttemptActivities {

    /// Begins a new attempt, which makes every earlier attempt of the stage stale: none can commit
    /// any more. Then finds the newest checkpoint that verifies and starts the attempt from it.
    ///
    /// Where the stage has a checkpoint at or after `lastStep` already, the attempt is ended as one
    /// that had nothing to do. Idempotent by `requestId`; can be cancelled at any point, and then
    /// leaves no attempt at work. Begins nothing for a run or stage that went on without it.
    Begun begin(BeginRequest request);

    /// Records the end of an attempt whose worker cannot: it was not heard of any more, or never
    /// started the ranks. Records nothing where the attempt has ended.
    Told end(EndRequest request);

    /// @param fencingToken of the attempt that was asked for
    /// @param reason why it ended, as people are told
    record Told(long fencingToken, String reason) {}

    /// @param code constant name of [dev.tanren.plan.error.ErrorCode]; null where nothing failed
    record EndRequest(String runId, long fencingToken, String reason, @Nullable String code) {}

    /// @param execution the run's, so that a begin which a retry has overtaken can be refused
    /// @param trainedOn what the run was prepared for; a checkpoint of anything else is refused
    /// @param lastStep last step of the phase
    /// @param requestId names this try for ever
    record BeginRequest(
            String runId,
            long execution,
            Plan plan,
            String stageId,
            String phaseId,
            TrainedOn trainedOn,
            long lastStep,
            String requestId) {}

    /// @param requestId that was asked with
    /// @param alreadyDone the phase's last step is committed; the attempt has ended
    /// @param attempt counts the stage's attempts from 1
    /// @param resumeStep last step that is in `start`; 0 before the first
    /// @param skippedSteps steps that earlier attempts ended by without applying them: their
    ///     batches are left out
    /// @param skippedPhases phases that were left out before this one
    /// @param worker the one to ask first: after a crash of ranks the same one once, whose caches
    ///     are warm, and another one at the second crash in a row; null where any will do
    record Begun(
            String requestId,
            boolean alreadyDone,
            int attempt,
            long fencingToken,
            StartingPoint start,
            long resumeStep,
            List<Long> skippedSteps,
            List<String> skippedPhases,
            @Nullable String worker) {
        public Begun {
            // Runs that began before these were there have none.
            skippedSteps = List.copyOf(Objects.requireNonNullElse(skippedSteps, List.of()));
            skippedPhases = List.copyOf(Objects.requireNonNullElse(skippedPhases, List.of()));
        }
    }
}
