package dev.tanren.workflows.run;

import dev.tanren.spec.plan.Plan;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import org.jspecify.annotations.Nullable;

/// Runs the stages of a plan in order.
///
/// The workflow's id is `run/<run id>`. It ends as failed when a stage fails for good; a retry
/// starts it anew under the same id, and finished stages are not done again. Pausing saves first: a
/// paused run holds no worker.
@WorkflowInterface
public interface RunWorkflow {

    /// Task queue of run workflows and of the activities that touch the registry alone.
    String TASK_QUEUE = "tanren";

    static String workflowId(String runId) {
        return "run/" + runId;
    }

    @WorkflowMethod(name = "Run")
    void run(Input input);

    /// Ends when the request is recorded; the run is paused when its ranks have saved and ended.
    @UpdateMethod
    void pause(Request request);

    @UpdateMethod
    void resume(Request request);

    /// Saves nothing further and ends the run as cancelled.
    @UpdateMethod
    void cancel(Request request);

    @QueryMethod
    State state();

    record Input(String runId, Plan plan) {}

    /// @param actor who asks
    record Request(String actor, @Nullable String reason) {}

    /// @param status key of the run's status, such as `running`
    record State(String status, @Nullable String currentStage, @Nullable String reason) {}
}
