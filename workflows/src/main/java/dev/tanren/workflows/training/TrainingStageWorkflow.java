package dev.tanren.workflows.training;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import org.jspecify.annotations.Nullable;

/// Trains one stage, phase by phase, through as many attempts as it takes.
///
/// Where the stage stands is in its checkpoints alone, so the workflow can end when the run pauses
/// and be started again later, on other workers. It fails with the coded error of an attempt that
/// may not be tried again.
@WorkflowInterface
public interface TrainingStageWorkflow {

    static String workflowId(String runId, String stageId) {
        return "run/" + runId + "/" + stageId;
    }

    @WorkflowMethod(name = "TrainingStage")
    Outcome train(Input input);

    /// Lets the ranks save and end; the workflow then ends as [Ended#PAUSED].
    ///
    /// @param runId of the run that pauses: a signal without anything could be sent by anyone
    @SignalMethod
    void pause(String runId);

    /// @param execution the run's, which every attempt is begun for
    /// @param trainedOn what the run was prepared for
    /// @param approvedPhase phase that a person lets in although its condition does not hold
    /// @param carried what an earlier execution hands on; null at the start
    record Input(
            String runId,
            long execution,
            Plan plan,
            String stageId,
            TrainedOn trainedOn,
            @Nullable String approvedPhase,
            @Nullable Carried carried) {}

    /// @param phase index of the phase that is under way
    record Carried(int phase, RetryBudget budget) {}

    /// @param waitingFor id of the phase that waits for a person, with the reason in words
    record Outcome(Ended ended, @Nullable String waitingFor, @Nullable String reason) {
        public static Outcome finished() {
            return new Outcome(Ended.FINISHED, null, null);
        }

        public static Outcome paused() {
            return new Outcome(Ended.PAUSED, null, null);
        }

        public static Outcome waiting(String phase, String reason) {
            return new Outcome(Ended.WAITING, phase, reason);
        }
    }

    /// How the workflow ended without failing.
    enum Ended {
        FINISHED,
        /// As it was asked to.
        PAUSED,
        /// A phase's condition does not hold and the plan wants a person to decide.
        WAITING
    }
}
