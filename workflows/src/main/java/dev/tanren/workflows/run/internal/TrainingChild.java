package dev.tanren.workflows.run.internal;

import dev.tanren.plan.TrainingStage;
import dev.tanren.workflows.run.RunWorkflow.Carried;
import dev.tanren.workflows.run.RunWorkflow.Input;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow.Outcome;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.api.enums.v1.SignalExternalWorkflowExecutionFailedCause;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.workflow.CancelExternalWorkflowException;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/// The workflow of the training stage that is at work, if one is.
final class TrainingChild {

    private static final Logger LOG = Workflow.getLogger(TrainingChild.class);

    /// The type of the failure that a signal to a workflow which has ended ends with.
    private static final String NOT_FOUND =
            SignalExternalWorkflowExecutionFailedCause
                    .SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND
                    .name();

    private static final Duration LEFT_BEHIND_PAUSE = Duration.ofSeconds(2);

    private final Input input;
    private @Nullable AtWork atWork;

    private record AtWork(TrainingStageWorkflow stage, String workflowId) {}

    TrainingChild(Input input) {
        this.input = input;
    }

    /// Runs the stage's workflow until it ends, which it also does when it pauses.
    ///
    /// One that an earlier execution of the run has left is asked to end, and waited for: where the
    /// run's workflow was terminated from outside, its child is told of that late.
    ///
    /// @param approvedPhase that a person has let in
    Outcome train(TrainingStage stage, Carried prepared, @Nullable String approvedPhase) {
        try {
            return begin(stage, prepared, approvedPhase);
        } catch (ChildWorkflowFailure thrown) {
            if (!(thrown.getCause() instanceof WorkflowExecutionAlreadyStarted)) {
                throw thrown;
            }
            endLeftBehind(TrainingStageWorkflow.workflowId(input.runId(), stage.id()));
            // Whoever asked to pause meanwhile is heard before it is begun again.
            return Outcome.paused();
        }
    }

    private static void endLeftBehind(String workflowId) {
        LOG.warn("{} is still at work for an earlier execution", workflowId);
        try {
            Workflow.newUntypedExternalWorkflowStub(workflowId).cancel();
        } catch (CancelExternalWorkflowException | ApplicationFailure ended) {
            LOG.info("it has ended meanwhile");
        }
        Workflow.sleep(LEFT_BEHIND_PAUSE);
    }

    private Outcome begin(TrainingStage stage, Carried prepared, @Nullable String approvedPhase) {
        TrainingStageWorkflow child =
                Workflow.newChildWorkflowStub(TrainingStageWorkflow.class, options(stage));
        atWork = new AtWork(child, TrainingStageWorkflow.workflowId(input.runId(), stage.id()));
        try {
            return child.train(
                    new TrainingStageWorkflow.Input(
                            input.runId(),
                            input.execution(),
                            input.plan(),
                            stage.id(),
                            prepared.trainedOn(),
                            approvedPhase,
                            null));
        } finally {
            atWork = null;
        }
    }

    /// Asks it to pause; nothing where none is at work, or where it has just ended: the run then
    /// pauses before the next stage.
    ///
    /// It is addressed by its id alone: the stub of a child knows the first of its executions, and
    /// one that continued as new is another.
    void pause() {
        AtWork child = atWork;
        if (child == null) {
            return;
        }
        try {
            Workflow.getWorkflowExecution(child.stage()).get();
            Workflow.newExternalWorkflowStub(TrainingStageWorkflow.class, child.workflowId())
                    .pause(input.runId());
        } catch (ChildWorkflowFailure notBegun) {
            // Whoever runs the stage is told of it.
            LOG.info("the stage did not begin: {}", notBegun.getMessage());
        } catch (ApplicationFailure notSignalled) {
            if (!NOT_FOUND.equals(notSignalled.getType())) {
                throw notSignalled;
            }
            LOG.info("the stage has ended already");
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
