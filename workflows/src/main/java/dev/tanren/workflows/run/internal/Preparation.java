package dev.tanren.workflows.run.internal;

import dev.tanren.plan.run.TrainedOn;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.DatasetActivities;
import dev.tanren.workflows.activity.DatasetActivities.PrepareRequest;
import dev.tanren.workflows.activity.DatasetActivities.PreparedDataset;
import dev.tanren.workflows.activity.ModelActivities;
import dev.tanren.workflows.activity.ModelActivities.ResolveRequest;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.FixRequest;
import dev.tanren.workflows.payload.Answers;
import dev.tanren.workflows.run.RunWorkflow.Carried;
import dev.tanren.workflows.run.RunWorkflow.Input;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a run needs before its first stage: the model's shape and the datasets, all at once. Once
/// all of it is there, it is fixed for ever: a later execution of the same run gets the same.
record Preparation(Input input, RegistryActivities registry) {

    Carried prepare() {
        ModelActivities models =
                Workflow.newActivityStub(ModelActivities.class, ActivityPolicies.preparation());
        TrainedOn.Model model = models.resolve(new ResolveRequest(input.runId(), input.plan()));
        TrainedOn prepared = new TrainedOn(model, datasets(model));
        return new Carried(registry.fix(new FixRequest(input.runId(), prepared)));
    }

    private Map<String, TrainedOn.Data> datasets(TrainedOn.Model model) {
        DatasetActivities activities =
                Workflow.newActivityStub(DatasetActivities.class, ActivityPolicies.preparation());
        Map<String, Promise<PreparedDataset>> prepared = new LinkedHashMap<>();
        for (String name : input.plan().datasets().keySet()) {
            prepared.put(
                    name,
                    Async.function(
                            activities::prepare,
                            new PrepareRequest(
                                    input.runId(),
                                    input.plan(),
                                    name,
                                    model.tokenizerKey(),
                                    model.architecture().vocabSize())));
        }
        Promise.allOf(prepared.values()).get();
        Map<String, TrainedOn.Data> datasets = new LinkedHashMap<>();
        for (Map.Entry<String, Promise<PreparedDataset>> entry : prepared.entrySet()) {
            PreparedDataset dataset = entry.getValue().get();
            Answers.require(entry.getKey(), dataset.datasetName());
            datasets.put(entry.getKey(), dataset.data());
        }
        return datasets;
    }
}
