package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.testing.TemporalServer;
import io.quarkus.test.junit.QuarkusTest;
import io.temporal.api.command.v1.Command;
import io.temporal.api.command.v1.CompleteWorkflowExecutionCommandAttributes;
import io.temporal.api.command.v1.UpsertWorkflowSearchAttributesCommandAttributes;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.enums.v1.CommandType;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflowservice.v1.PollWorkflowTaskQueueRequest;
import io.temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse;
import io.temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.serviceclient.WorkflowServiceStubs;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// No worker of Tanren runs here: whoever has no key acts as one.
@QuarkusTest
class ForeignWorkflowTest extends ApiTest {

    private static final String SUCCEEDED = RunState.SUCCEEDED.key();

    @Inject WorkflowClient client;
    @Inject WorkflowServiceStubs service;
    @Inject Reconciler reconciler;

    @ConfigProperty(name = "tanren.test.temporal")
    boolean temporalRuns;

    private WorkflowClient rogue;

    @BeforeEach
    void connectsWithoutTheKey() {
        assumeTrue(temporalRuns, TemporalServer.MISSING);
        rogue = WorkflowClient.newInstance(service);
    }

    @Test
    void aRunThatSomebodyElseCompletesAsSucceededHasNotSucceeded() {
        String id = submitted("completed");

        completeAsSucceeded(id);
        reconciler.lookAt(run(id));

        assertFailed(id);
    }

    @Test
    void aWorkflowThatSomebodyElseBeginsInTheRunsPlaceIsNotTheRuns() {
        String id = submitted("replaced");
        client.newUntypedWorkflowStub(RunWorkflow.workflowId(id)).terminate("by somebody else");

        rogue.newUntypedWorkflowStub(
                        "Run",
                        WorkflowOptions.newBuilder()
                                .setTaskQueue("nobody's")
                                .setWorkflowId(RunWorkflow.workflowId(id))
                                .setMemo(Map.of(RunWorkflow.EXECUTION_MEMO, 1))
                                .setTypedSearchAttributes(
                                        io.temporal.common.SearchAttributes.newBuilder()
                                                .set(SearchAttributes.RUN_STATUS, SUCCEEDED)
                                                .build())
                                .build())
                .start();
        reconciler.lookAt(run(id));

        assertFailed(id);
    }

    private String submitted(String name) {
        return as(token(Role.OPERATOR))
                .contentType("application/yaml")
                .body(plan(name))
                .post("/api/v1/runs")
                .path("id");
    }

    private void completeAsSucceeded(String id) {
        PollWorkflowTaskQueueResponse task;
        do {
            task =
                    service.blockingStub()
                            .withDeadlineAfter(60, TimeUnit.SECONDS)
                            .pollWorkflowTaskQueue(
                                    PollWorkflowTaskQueueRequest.newBuilder()
                                            .setNamespace("default")
                                            .setTaskQueue(
                                                    TaskQueue.newBuilder()
                                                            .setName(RunWorkflow.TASK_QUEUE))
                                            .build());
        } while (!task.getWorkflowExecution().getWorkflowId().equals(RunWorkflow.workflowId(id)));
        service.blockingStub()
                .respondWorkflowTaskCompleted(
                        RespondWorkflowTaskCompletedRequest.newBuilder()
                                .setNamespace("default")
                                .setTaskToken(task.getTaskToken())
                                .addCommands(foundAsSucceeded())
                                .addCommands(completed())
                                .build());
    }

    private static Command.Builder foundAsSucceeded() {
        return Command.newBuilder()
                .setCommandType(CommandType.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
                .setUpsertWorkflowSearchAttributesCommandAttributes(
                        UpsertWorkflowSearchAttributesCommandAttributes.newBuilder()
                                .setSearchAttributes(
                                        io.temporal.api.common.v1.SearchAttributes.newBuilder()
                                                .putIndexedFields(
                                                        SearchAttributes.RUN_STATUS.getName(),
                                                        DefaultDataConverter.STANDARD_INSTANCE
                                                                .toPayload(SUCCEEDED)
                                                                .orElseThrow())));
    }

    private static Command.Builder completed() {
        Payloads result =
                DefaultDataConverter.STANDARD_INSTANCE
                        .toPayloads(Map.of("execution", 1, "status", SUCCEEDED))
                        .orElseThrow();
        return Command.newBuilder()
                .setCommandType(CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)
                .setCompleteWorkflowExecutionCommandAttributes(
                        CompleteWorkflowExecutionCommandAttributes.newBuilder().setResult(result));
    }

    private void assertFailed(String id) {
        assertThat(run(id).status()).isEqualTo(RunState.FAILED);
        assertThat(run(id).failure())
                .extracting(Runs.Failure::code)
                .isEqualTo(ErrorCode.PAYLOAD_REFUSED.name());
    }

    private Run run(String id) {
        return registry.runs().find(id).orElseThrow();
    }
}
