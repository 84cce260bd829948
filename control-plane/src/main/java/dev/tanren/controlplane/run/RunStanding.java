package dev.tanren.controlplane.run;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunState;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.payload.PayloadRefused;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.client.WorkflowExecutionDescription;
import org.jspecify.annotations.Nullable;

/// How Temporal knows the newest workflow of a run.
sealed interface RunStanding {

    /// Temporal has none: it never began, or was forgotten.
    record None() implements RunStanding {}

    record AtWork(long execution, WorkflowExecution workflow) implements RunStanding {}

    /// @param state how the run ended
    /// @param noticed how that is known, in words
    /// @param failure null unless it failed
    record Ended(long execution, RunState state, String noticed, @Nullable Failure failure)
            implements RunStanding {}

    /// Somebody else has begun a workflow under the run's id.
    record Foreign(Failure failure) implements RunStanding {}

    /// How a workflow ended by itself.
    ///
    /// @param failure null unless it failed
    record End(RunState state, @Nullable Failure failure) {

        static End failed(Failure failure) {
            return new End(RunState.FAILED, failure);
        }
    }

    /// Asks what a workflow of an execution of a run ended with.
    @FunctionalInterface
    interface ToEnd {
        End of(WorkflowExecution workflow, long execution);
    }

    /// What anyone may write, as search attributes, decides nothing.
    ///
    /// @param endOf asks what a workflow ended with; called for one that ended by itself alone
    static RunStanding of(WorkflowExecutionDescription workflow, ToEnd endOf) {
        long execution;
        try {
            Long memo = workflow.getMemo(RunWorkflow.EXECUTION_MEMO, Long.class, Long.class);
            if (memo == null) {
                return foreign("has no memo", workflow);
            }
            execution = memo;
        } catch (PayloadRefused refused) {
            return foreign("has a memo that is none: " + refused.getMessage(), workflow);
        }
        return switch (workflow.getStatus()) {
            case WORKFLOW_EXECUTION_STATUS_TERMINATED ->
                    interrupted(execution, "was terminated in Temporal", workflow);
            case WORKFLOW_EXECUTION_STATUS_TIMED_OUT ->
                    interrupted(execution, "ran out of time in Temporal", workflow);
            case WORKFLOW_EXECUTION_STATUS_CANCELED ->
                    new Ended(
                            execution,
                            RunState.CANCELLED,
                            "its workflow was cancelled in Temporal",
                            null);
            case WORKFLOW_EXECUTION_STATUS_COMPLETED, WORKFLOW_EXECUTION_STATUS_FAILED ->
                    byItself(execution, endOf.of(workflow.getExecution(), execution));
            case WORKFLOW_EXECUTION_STATUS_RUNNING,
                    WORKFLOW_EXECUTION_STATUS_PAUSED,
                    WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
                    WORKFLOW_EXECUTION_STATUS_UNSPECIFIED,
                    UNRECOGNIZED ->
                    new AtWork(execution, workflow.getExecution());
        };
    }

    private static Ended interrupted(
            long execution, String how, WorkflowExecutionDescription workflow) {
        Failure failure =
                new Failure(
                        ErrorCode.RUN_INTERRUPTED,
                        "the run's workflow " + how,
                        "workflow " + workflow.getExecution().getWorkflowId(),
                        "see who did it in Temporal's history of it; then retry the run, which goes"
                                + " on from its last checkpoint");
        return new Ended(execution, RunState.FAILED, failure.what(), failure);
    }

    /// One that has ended keeps nothing from beginning.
    private static RunStanding foreign(String what, WorkflowExecutionDescription workflow) {
        return atWork(workflow)
                ? new Foreign(
                        refused(
                                "the workflow with the run's id was not begun by Tanren: it "
                                        + what,
                                workflow.getExecution()))
                : new None();
    }

    private static boolean atWork(WorkflowExecutionDescription workflow) {
        return switch (workflow.getStatus()) {
            case WORKFLOW_EXECUTION_STATUS_RUNNING, WORKFLOW_EXECUTION_STATUS_PAUSED -> true;
            default -> false;
        };
    }

    /// A result that was sealed for another execution of the run.
    static Failure copied(long execution, WorkflowExecution workflow) {
        return refused(
                "the run's workflow ended with the result of execution " + execution, workflow);
    }

    private static Failure refused(String what, WorkflowExecution workflow) {
        return new Failure(
                ErrorCode.PAYLOAD_REFUSED,
                what,
                "workflow " + workflow.getWorkflowId(),
                "see who begins workflows in Temporal, terminate this one, and retry the run, which"
                        + " goes on from its last checkpoint");
    }

    private static Ended byItself(long execution, End end) {
        return new Ended(
                execution,
                end.state(),
                "its workflow has ended as " + end.state().key() + ", which is not recorded",
                end.failure());
    }
}
