package dev.tanren.workflows;

import dev.tanren.workflows.run.internal.RunWorkflowImpl;
import dev.tanren.workflows.training.internal.TrainingStageWorkflowImpl;
import java.util.List;

/// The workflow code that a worker registers.
public final class WorkflowTypes {

    private WorkflowTypes() {}

    public static List<Class<?>> implementations() {
        return List.of(RunWorkflowImpl.class, TrainingStageWorkflowImpl.class);
    }
}
