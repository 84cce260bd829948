package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.RunRequests.Pending;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.testing.TemporalServer;
import io.quarkus.test.junit.QuarkusTest;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.workflow.Workflow;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What people ask of a run goes through a real Temporal server to a worker and back.
@QuarkusTest
class OrchestrationTest extends ApiTest {

    private static final String COPIED = "its answer is of another request";

    @Inject WorkflowClient client;

    @ConfigProperty(name = "tanren.test.temporal")
    boolean temporalRuns;

    @ActivityInterface
    public interface Projection {
        void become(String runId, String status);
    }

    /// Follows requests and does no work.
    public static final class WaitingRun implements RunWorkflow {

        private final Projection projection =
                Workflow.newActivityStub(
                        Projection.class,
                        ActivityOptions.newBuilder()
                                .setStartToCloseTimeout(Duration.ofSeconds(10))
                                .build());
        private @Nullable String runId;
        private String status = "queued";

        @Override
        public Ended run(Input input) {
            runId = input.runId();
            become("running");
            Workflow.await(() -> status.equals("cancelled"));
            projection.become(input.runId(), status);
            return new Ended(input.execution(), status);
        }

        private void become(String next) {
            status = next;
            projection.become(String.valueOf(runId), next);
        }

        @Override
        public Taken pause(Request request) {
            become("paused");
            return new Taken(request.id());
        }

        @Override
        public void validatePause(Request request) {
            if (!status.equals("running")) {
                throw new IllegalStateException("the run is " + status);
            }
        }

        @Override
        public Taken resume(Request request) {
            become("running");
            // As one that was copied from elsewhere would.
            return new Taken(COPIED.equals(request.reason()) ? "another" : request.id());
        }

        @Override
        public void validateResume(Request request) {}

        @Override
        public Taken cancel(Request request) {
            status = "cancelled";
            return new Taken(request.id());
        }

        @Override
        public void validateCancel(Request request) {}

        @Override
        public State state() {
            return new State(status, null, null);
        }
    }

    static Projection into(PostgresRegistry registry) {
        return (runId, status) -> new RunProjector(registry).become(runId, RunState.of(status));
    }

    @Test
    void aRunIsPausedResumedCancelledAndTriedAgain() throws Exception {
        assumeTrue(temporalRuns, TemporalServer.MISSING);
        String operator = token(Role.OPERATOR);
        WorkerFactory workers = WorkerFactory.newInstance(client);
        Worker worker = workers.newWorker(RunWorkflow.TASK_QUEUE);
        worker.registerWorkflowImplementationTypes(WaitingRun.class);
        AtomicReference<@Nullable CountDownLatch> held = new AtomicReference<>();
        worker.registerActivitiesImplementations(
                (Projection)
                        (runId, status) -> {
                            awaitHeld(held.get());
                            into(registry).become(runId, status);
                        });
        workers.start();
        try {
            String id =
                    as(operator)
                            .contentType("application/yaml")
                            .body(plan("orchestrated"))
                            .post("/api/v1/runs")
                            .path("id");
            await(id, RunState.RUNNING);
            act(operator, id, "pause", 202);
            await(id, RunState.PAUSED);
            act(operator, id, "pause", 409);
            act(operator, id, "resume", 202);
            await(id, RunState.RUNNING);
            act(operator, id, "cancel", 202);
            await(id, RunState.CANCELLED);
            act(operator, id, "cancel", 409);
            act(operator, id, "retry", 202);
            await(id, RunState.RUNNING);
            // The workflow writes down the requests it takes, and this one takes no notes.
            assertThat(registry.audit().list("run/" + id, 10))
                    .extracting(Audit.Entry::action)
                    .containsExactly("run.submit", "run.retry");

            // The registry may lag: the workflow has the last word.
            act(operator, id, "pause", 202);
            projector().become(id, RunState.RUNNING);
            as(operator)
                    .post("/api/v1/runs/" + id + "/pause")
                    .then()
                    .statusCode(409)
                    .body("detail", equalTo("the run is paused"));
            act(operator, id, "resume", 409);

            // A pause that was taken, and whose answer came too late for whoever asked.
            registry.runRequests()
                    .keep(new Pending(id, SortableIds.next(), RunAction.PAUSE, "ada", null));
            act(operator, id, "resume", 202);

            // And one that is asked for again while the first is under way: it is no second one.
            Pending first = new Pending(id, SortableIds.next(), RunAction.PAUSE, "ada", null);
            registry.runRequests().keep(first);
            CountDownLatch recording = new CountDownLatch(1);
            held.set(recording);
            begin(first);
            CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS).execute(recording::countDown);
            act(operator, id, "pause", 202);
            await(id, RunState.PAUSED);

            // One whose answer is of long ago: the run has paused again since.
            Pending longAgo = new Pending(id, SortableIds.next(), RunAction.RESUME, "ada", null);
            registry.runRequests().keep(longAgo);
            act(operator, id, "resume", 202);
            await(id, RunState.RUNNING);
            act(operator, id, "pause", 202);
            await(id, RunState.PAUSED);
            registry.runRequests().keep(longAgo);
            act(operator, id, "resume", 202);
            await(id, RunState.RUNNING);

            act(operator, id, "pause", 202);
            as(operator)
                    .contentType("application/json")
                    .body("{\"reason\":\"" + COPIED + "\"}")
                    .post("/api/v1/runs/" + id + "/resume")
                    .then()
                    .statusCode(500)
                    .body("code", equalTo(ErrorCode.PAYLOAD_REFUSED.code()));

            // And one that an earlier execution was asked for.
            act(operator, id, "cancel", 202);
            await(id, RunState.CANCELLED);
            registry.runRequests().keep(longAgo);
            act(operator, id, "retry", 202);
            assertThat(registry.runRequests().find(id)).isEmpty();
        } finally {
            workers.shutdownNow();
        }
    }

    private static void awaitHeld(@Nullable CountDownLatch latch) {
        try {
            if (latch != null && !latch.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody lets it go on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The workflow takes the request, and does not answer yet.
    private void begin(Pending request) {
        client.newUntypedWorkflowStub(RunWorkflow.workflowId(request.runId()))
                .startUpdate(
                        UpdateOptions.newBuilder(RunWorkflow.Taken.class)
                                .setUpdateName(request.action().key())
                                .setUpdateId(request.updateId())
                                .setWaitForStage(WorkflowUpdateStage.ACCEPTED)
                                .build(),
                        new RunWorkflow.Request(
                                request.updateId(),
                                0,
                                request.action(),
                                new Actor("01m86apb0kkkan71hmsa09pmns", "ada", "operator", "-"),
                                null));
    }

    private static void act(String token, String id, String action, int status) {
        as(token)
                .contentType("application/json")
                .body("{\"reason\":\"a test\"}")
                .post("/api/v1/runs/" + id + "/" + action)
                .then()
                .statusCode(status);
    }

    private void await(String id, RunState status) throws InterruptedException {
        for (int i = 0; i < 200; i++) {
            if (registry.runs().find(id).orElseThrow().status() == status) {
                return;
            }
            Thread.sleep(100);
        }
        assertThat(registry.runs().find(id).orElseThrow().status()).isEqualTo(status);
    }
}
