package dev.tanren.workflows.run.internal;

import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.DatasetActivities;
import dev.tanren.workflows.activity.DatasetActivities.PrepareRequest;
import dev.tanren.workflows.activity.DatasetActivities.PreparedDataset;
import dev.tanren.workflows.activity.ModelActivities;
import dev.tanren.workflows.activity.ModelActivities.ResolveRequest;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import dev.tanren.workflows.run.RunWorkflow.Carried;
import dev.tanren.workflows.run.RunWorkflow.Input;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a run needs before its first stage: the model's shape and the datasets, all at once.
record Preparation(Input input) {

    Carried prepare() {
        ModelActivities models =
                Workflow.newActivityStub(ModelActivities.class, ActivityPolicies.preparation());
        ResolvedModel model = models.resolve(new ResolveRequest(input.runId(), input.plan()));
        return new Carried(model, datasets(model));
    }

    private Map<String, String> datasets(ResolvedModel model) {
        DatasetActivities activities =
                Workflow.newActivityStub(DatasetActivities.class, ActivityPolicies.preparation());
        List<Promise<PreparedDataset>> prepared = new ArrayList<>();
        for (String name : input.plan().datasets().keySet()) {
            prepared.add(
                    Async.function(
                            activities::prepare,
                            new PrepareRequest(
                                    input.runId(),
                                    input.plan(),
                                    name,
                                    model.tokenizerKey(),
                                    model.architecture().vocabSize())));
        }
        Promise.allOf(prepared).get();
        Map<String, String> keys = new LinkedHashMap<>();
        for (Promise<PreparedDataset> promise : prepared) {
            keys.put(promise.get().datasetName(), promise.get().manifestKey());
        }
        return keys;
    }
}
