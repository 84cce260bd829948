package dev.tanren.controlplane.run;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.run.RunState;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.client.WorkflowExecutionDescription;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
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

    /// @param failureOf asks what a workflow ended with; called for one that failed alone
    static RunStanding of(
            WorkflowExecutionDescription workflow, Function<WorkflowExecution, Failure> failureOf) {
        Long memo = workflow.getMemo(RunWorkflow.EXECUTION_MEMO, Long.class, Long.class);
        long execution = memo == null ? 1 : memo;
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
                    byItself(execution, workflow, failureOf);
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

    /// The workflow left the state that it ended in where Temporal's searches find it.
    private static Ended byItself(
            long execution,
            WorkflowExecutionDescription workflow,
            Function<WorkflowExecution, Failure> failureOf) {
        String key = workflow.getTypedSearchAttributes().get(SearchAttributes.RUN_STATUS);
        RunState state =
                Optional.ofNullable(key)
                        .flatMap(RunStanding::known)
                        .filter(RunState::terminal)
                        .orElse(RunState.FAILED);
        return new Ended(
                execution,
                state,
                "its workflow has ended as " + state.key() + ", which is not recorded",
                state == RunState.FAILED ? failureOf.apply(workflow.getExecution()) : null);
    }

    private static Optional<RunState> known(String key) {
        return Arrays.stream(RunState.values()).filter(state -> state.key().equals(key)).findAny();
    }
}
