package dev.tanren.workflows.run.internal;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.workflows.run.RunWorkflow.Carried;
import dev.tanren.workflows.run.RunWorkflow.Input;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow.Outcome;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.SignalExternalWorkflowException;
import io.temporal.workflow.Workflow;
import org.jspecify.annotations.Nullable;

/// The workflow of the training stage that is at work, if one is.
final class TrainingChild {

    private final Input input;
    private @Nullable TrainingStageWorkflow atWork;

    TrainingChild(Input input) {
        this.input = input;
    }

    /// Runs the stage's workflow until it ends, which it also does when it pauses.
    ///
    /// @param approvedPhase that a person has let in
    Outcome train(TrainingStage stage, Carried prepared, @Nullable String approvedPhase) {
        TrainingStageWorkflow child =
                Workflow.newChildWorkflowStub(TrainingStageWorkflow.class, options(stage));
        atWork = child;
        try {
            return child.train(
                    new TrainingStageWorkflow.Input(
                            input.runId(),
                            input.execution(),
                            input.plan(),
                            stage.id(),
                            prepared.model(),
                            prepared.datasets(),
                            approvedPhase,
                            null));
        } finally {
            atWork = null;
        }
    }

    /// Asks it to pause; nothing where none is at work.
    void pause() {
        TrainingStageWorkflow child = atWork;
        if (child == null) {
            return;
        }
        Workflow.getWorkflowExecution(child).get();
        try {
            child.pause();
        } catch (SignalExternalWorkflowException e) {
            // It ended before the signal came, and the run pauses before the next stage.
            Workflow.getLogger(TrainingChild.class).info("the stage has ended already");
        }
    }

    private ChildWorkflowOptions options(TrainingStage stage) {
        return ChildWorkflowOptions.newBuilder()
                .setWorkflowId(TrainingStageWorkflow.workflowId(input.runId(), stage.id()))
                .setParentClosePolicy(ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
                .setCancellationType(ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED)
                .build();
    }
}
