package dev.tanren.workflows.run.internal;

import dev.tanren.plan.Stage;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.EvaluateActivities;
import dev.tanren.workflows.activity.EvaluateActivities.EvaluateRequest;
import dev.tanren.workflows.activity.EvaluateActivities.Evaluated;
import dev.tanren.workflows.activity.ExportActivities;
import dev.tanren.workflows.activity.ExportActivities.ExportRequest;
import dev.tanren.workflows.activity.ExportActivities.Exported;
import dev.tanren.workflows.payload.Answers;
import dev.tanren.workflows.run.RunWorkflow.Carried;
import dev.tanren.workflows.run.RunWorkflow.Input;
import io.temporal.workflow.Workflow;

/// The stages that are one activity each: a process that is started, does its work and ends.
final class ProcessStages {

    private final ExportActivities exports =
            Workflow.newActivityStub(ExportActivities.class, ActivityPolicies.process());
    private final EvaluateActivities evaluations =
            Workflow.newActivityStub(EvaluateActivities.class, ActivityPolicies.process());

    private final Input input;

    ProcessStages(Input input) {
        this.input = input;
    }

    void export(Stage.Export stage, Carried prepared) {
        Exported exported =
                exports.export(
                        new ExportRequest(
                                input.runId(),
                                input.execution(),
                                input.plan(),
                                stage.id(),
                                prepared.trainedOn()));
        requireAnswer(stage, exported.execution(), exported.stageId());
    }

    void evaluate(Stage.Evaluate stage, Carried prepared) {
        Evaluated evaluated =
                evaluations.evaluate(
                        new EvaluateRequest(
                                input.runId(),
                                input.execution(),
                                input.plan(),
                                stage.id(),
                                prepared.trainedOn()));
        requireAnswer(stage, evaluated.execution(), evaluated.stageId());
    }

    /// A gate that was passed in another stage or an earlier execution passes no other one.
    private void requireAnswer(Stage stage, long execution, String stageId) {
        Answers.require(
                "stage " + stage.id() + " of execution " + input.execution(),
                "stage " + stageId + " of execution " + execution);
    }
}
