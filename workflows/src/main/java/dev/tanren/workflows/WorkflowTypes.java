package dev.tanren.workflows;

import dev.tanren.workflows.payload.PayloadRefused;
import dev.tanren.workflows.run.internal.RunWorkflowImpl;
import dev.tanren.workflows.training.internal.TrainingStageWorkflowImpl;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkflowImplementationOptions;
import java.util.List;

/// The workflow code that a worker registers.
public final class WorkflowTypes {

    private WorkflowTypes() {}

    /// Registers them so that one which nobody of Tanren has begun, or whose input was changed,
    /// fails instead of being tried for ever.
    public static void registerWith(Worker worker) {
        worker.registerWorkflowImplementationTypes(
                WorkflowImplementationOptions.newBuilder()
                        .setFailWorkflowExceptionTypes(PayloadRefused.class)
                        .build(),
                implementations().toArray(Class<?>[]::new));
    }

    public static List<Class<?>> implementations() {
        return List.of(RunWorkflowImpl.class, TrainingStageWorkflowImpl.class);
    }
}
