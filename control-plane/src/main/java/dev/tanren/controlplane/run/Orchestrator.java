package dev.tanren.controlplane.run;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.run.RunWorkflow;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowServiceException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.failure.ApplicationFailure;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Asks Temporal to start runs and to change them, in bounded time.
@Singleton
public class Orchestrator {

    private static final Logger LOG = Logger.getLogger(Orchestrator.class);

    private final WorkflowClient client;
    private final PostgresRegistry registry;
    private final Duration patience;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Orchestrator(WorkflowClient client, PostgresRegistry registry, Settings settings) {
        this.client = client;
        this.registry = registry;
        this.patience = settings.orchestratorPatience();
    }

    /// Starts the run, or leaves it queued with the reason where Temporal is away: it is started
    /// when Temporal is back, so a run that was answered for is never lost.
    public void startOrQueue(String runId, Plan plan, long execution) {
        try {
            start(runId, plan, execution);
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.ORCHESTRATOR_UNREACHABLE) {
                throw e;
            }
            LOG.warnf("run %s stays queued: %s", runId, e.getMessage());
            registry.runs()
                    .explainQueued(
                            runId,
                            execution,
                            "Temporal does not answer; the run starts when it does");
        }
    }

    /// Starts the run's workflow unless it is at work already; also after it had ended.
    ///
    /// @throws TanrenException `ORCHESTRATOR_UNREACHABLE`
    public void start(String runId, Plan plan, long execution) {
        RunWorkflow workflow =
                client.newWorkflowStub(
                        RunWorkflow.class,
                        WorkflowOptions.newBuilder()
                                .setWorkflowId(RunWorkflow.workflowId(runId))
                                .setTaskQueue(RunWorkflow.TASK_QUEUE)
                                .setMemo(Map.of(RunWorkflow.EXECUTION_MEMO, execution))
                                .setWorkflowIdReusePolicy(
                                        WorkflowIdReusePolicy
                                                .WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
                                .build());
        bounded(
                runId,
                () -> {
                    try {
                        return WorkflowClient.start(
                                workflow::run, new RunWorkflow.Input(runId, plan, execution));
                    } catch (WorkflowExecutionAlreadyStarted atWork) {
                        // Exactly what was asked for.
                        return null;
                    }
                });
    }

    /// Sends a request to the run's workflow and waits until it has recorded it.
    ///
    /// @param updateId names the request: sent twice, it is carried out once
    /// @throws TanrenException `PAYLOAD_REFUSED` where another than a worker of Tanren answered,
    ///     `STATE_CONFLICT` where the workflow refuses, `NOT_FOUND` where none
    ///     is at work, `ORCHESTRATOR_UNREACHABLE` where Temporal or every worker is away: the
    ///     request may still take effect
    public void ask(String runId, RunAction action, String updateId, RunWorkflow.Request request) {
        WorkflowStub workflow = client.newUntypedWorkflowStub(RunWorkflow.workflowId(runId));
        UpdateOptions<RunWorkflow.Taken> update =
                UpdateOptions.newBuilder(RunWorkflow.Taken.class)
                        .setUpdateName(action.key())
                        .setUpdateId(updateId)
                        .setWaitForStage(WorkflowUpdateStage.COMPLETED)
                        .build();
        RunWorkflow.Taken taken =
                bounded(runId, () -> workflow.startUpdate(update, request).getResult());
        if (taken == null || !taken.id().equals(updateId)) {
            throw new TanrenException(
                    ErrorCode.PAYLOAD_REFUSED,
                    "what was answered to the request is no answer to it, so nobody knows whether"
                            + " it was taken",
                    "run/" + runId,
                    "look at its state: ./tanren run get "
                            + runId
                            + "; see who else reaches Temporal");
        }
    }

    /// How Temporal knows the newest workflow of a run.
    ///
    /// @throws TanrenException `ORCHESTRATOR_UNREACHABLE`
    RunStanding look(String runId) {
        WorkflowStub workflow = client.newUntypedWorkflowStub(RunWorkflow.workflowId(runId));
        return bounded(
                runId,
                () -> {
                    try {
                        return RunStanding.of(workflow.describe(), this::endOf);
                    } catch (WorkflowNotFoundException none) {
                        return new RunStanding.None();
                    }
                });
    }

    /// Ends a workflow that an earlier execution of a run has left.
    ///
    /// @throws TanrenException `ORCHESTRATOR_UNREACHABLE`
    void cancelLeft(String runId, WorkflowExecution left) {
        bounded(
                runId,
                () -> {
                    client.newUntypedWorkflowStub(
                                    WorkflowTargetOptions.newBuilder()
                                            .setWorkflowExecution(left)
                                            .build())
                            .cancel();
                    return null;
                });
    }

    /// What a workflow ended with. Only the result that a worker of Tanren sealed is one.
    private RunStanding.End endOf(WorkflowExecution ended, long execution) {
        try {
            RunWorkflow.Ended result =
                    client.newUntypedWorkflowStub(
                                    WorkflowTargetOptions.newBuilder()
                                            .setWorkflowExecution(ended)
                                            .build())
                            .getResult(RunWorkflow.Ended.class);
            return result.execution() == execution
                    ? new RunStanding.End(RunState.of(result.status()), null)
                    : RunStanding.End.failed(RunStanding.copied(result.execution(), ended));
        } catch (WorkflowFailedException failed) {
            return RunStanding.End.failed(
                    Failures.read(failed.getCause() == null ? failed : failed.getCause()));
        } catch (WorkflowServiceException thrown) {
            if (thrown.getCause() instanceof ApplicationFailure refused) {
                return RunStanding.End.failed(Failures.read(refused));
            }
            throw thrown;
        }
    }

    private <T extends @Nullable Object> T bounded(String runId, Supplier<T> call) {
        CompletableFuture<T> done = CompletableFuture.supplyAsync(call, threads);
        try {
            return done.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw unreachable(
                    runId,
                    "neither Temporal nor a worker took the request in time; it may still take"
                            + " effect",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable(runId, "the server is stopping", e);
        } catch (ExecutionException e) {
            throw translated(runId, e.getCause() == null ? e : e.getCause());
        }
    }

    private static RuntimeException translated(String runId, Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            switch (t) {
                case WorkflowNotFoundException e -> {
                    return notAtWork(runId, e);
                }
                case WorkflowUpdateException e -> {
                    return conflict(runId, rootMessage(e), e);
                }
                case StatusRuntimeException e -> {
                    return switch (e.getStatus().getCode()) {
                        case NOT_FOUND -> notAtWork(runId, e);
                        default -> unreachable(runId, "Temporal does not answer", e);
                    };
                }
                default -> {}
            }
        }
        return thrown instanceof RuntimeException e ? e : new IllegalStateException(thrown);
    }

    private static String rootMessage(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root instanceof ApplicationFailure failure
                ? failure.getOriginalMessage()
                : String.valueOf(root.getMessage());
    }

    private static TanrenException conflict(String runId, String what, Throwable cause) {
        return new TanrenException(
                ErrorCode.STATE_CONFLICT,
                what,
                "run/" + runId,
                "look at its state: ./tanren run get " + runId,
                cause);
    }

    private static TanrenException notAtWork(String runId, Throwable cause) {
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                "Temporal has no workflow at work for the run",
                "run/" + runId,
                "look at its state: ./tanren run get " + runId,
                cause);
    }

    private static TanrenException unreachable(String runId, String what, Throwable cause) {
        return new TanrenException(
                ErrorCode.ORCHESTRATOR_UNREACHABLE,
                what,
                "run/" + runId,
                "see that Temporal and a worker run (./tanren status); asking the same again is safe",
                cause);
    }
}
