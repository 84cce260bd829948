package dev.tanren.workflows.run;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Runs the stages of a plan in order.
///
/// The workflow's id is `run/<run id>`. It ends as failed when a stage fails for good; a retry
/// starts it anew under the same id, and finished stages are not done again. What it trains on was
/// fixed when it was first prepared, and stays. Pausing saves first: a paused run holds no worker.
@WorkflowInterface
public interface RunWorkflow {

    /// Task queue of run workflows and of the activities that touch the registry alone.
    String TASK_QUEUE = "tanren";

    /// Name of the memo that says which execution of the run a workflow is.
    String EXECUTION_MEMO = "execution";

    static String workflowId(String runId) {
        return "run/" + runId;
    }

    @WorkflowMethod(name = "Run")
    Ended run(Input input);

    /// Ends when the request is recorded; the run is paused when its ranks have saved and ended.
    ///
    /// Work that has no checkpoint, as the datasets, an export or an evaluation, is finished first:
    /// the run's reason then says what it waits for.
    @UpdateMethod
    Taken pause(Request request);

    /// Refuses what the run's state does not allow.
    @UpdateValidatorMethod(updateName = "pause")
    void validatePause(Request request);

    @UpdateMethod
    Taken resume(Request request);

    /// Refuses what the run's state does not allow.
    @UpdateValidatorMethod(updateName = "resume")
    void validateResume(Request request);

    /// Saves nothing further and ends the run as cancelled, whatever is at work; its last
    /// checkpoint stays. Stages that were not reached are skipped.
    @UpdateMethod
    Taken cancel(Request request);

    /// Refuses what the run's state does not allow.
    @UpdateValidatorMethod(updateName = "cancel")
    void validateCancel(Request request);

    @QueryMethod
    State state();

    /// @param version the run's newest recorded change when this begins: changes go on from there,
    ///     in the same execution of the run
    /// @param carried what the workflow that continued as new hands on; null at the start
    record Input(String runId, Plan plan, RunVersion version, @Nullable Carried carried) {

        /// The beginning of an execution of the run: the first, or that of a retry.
        public Input(String runId, Plan plan, long execution) {
            this(runId, plan, RunVersion.beginning(execution), null);
        }

        /// Which try of the run this is, from 1.
        public long execution() {
            return version.execution();
        }
    }

    /// What need not be found out again when the workflow continues as new.
    ///
    /// @param trainedOn what the run was prepared for
    /// @param stage id of the stage that was begun already; null between two stages
    /// @param approvedPhase phase of that stage that a person has let in
    /// @param taken ids of the requests that were taken in this execution of the run
    record Carried(
            TrainedOn trainedOn,
            @Nullable String stage,
            @Nullable String approvedPhase,
            List<String> taken) {

        public Carried(TrainedOn trainedOn) {
            this(trainedOn, null, null, List.of());
        }

        public Carried during(@Nullable String begun, @Nullable String approved) {
            return new Carried(trainedOn, begun, approved, taken);
        }

        public Carried having(Collection<String> requests) {
            return new Carried(trainedOn, stage, approvedPhase, List.copyOf(requests));
        }
    }

    /// How an execution ended that did not fail; what is completed without it was not completed by
    /// a worker of Tanren.
    ///
    /// @param status key of the run's status, such as `succeeded`
    record Ended(long execution, String status) {}

    /// What a person asks for. It is taken once, in the execution that it is for, and as nothing
    /// else: whoever repeats what was sealed gets nothing by it.
    ///
    /// @param id names this request, and no other of any run
    /// @param execution of the run, see [Input#execution()]
    /// @param actor who asks
    record Request(
            String id, long execution, RunAction action, Actor actor, @Nullable String reason) {}

    /// The answer to a request. What is answered without it was not answered by a worker of Tanren.
    ///
    /// @param id of the request
    record Taken(String id) {}

    /// @param status key of the run's status, such as `running`
    record State(String status, @Nullable String currentStage, @Nullable String reason) {}
}
