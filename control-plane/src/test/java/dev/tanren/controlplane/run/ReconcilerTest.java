package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.testing.TemporalServer;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import jakarta.inject.Inject;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is recorded of a run follows what Temporal knows of it, whoever changed that.
@QuarkusTest
class ReconcilerTest extends ApiTest {

    @Inject WorkflowClient client;
    @Inject Reconciler reconciler;

    @ConfigProperty(name = "tanren.test.temporal")
    boolean temporalRuns;

    @ConfigProperty(name = "TANREN_DATABASE_URL")
    String url;

    @ConfigProperty(name = "TANREN_DATABASE_USER")
    String user;

    @ConfigProperty(name = "TANREN_DATABASE_PASSWORD")
    String password;

    private WorkerFactory workers;
    private String operator;

    @BeforeEach
    void startsAWorker() {
        assumeTrue(temporalRuns, TemporalServer.MISSING);
        operator = token(Role.OPERATOR);
        startWorker();
    }

    private void startWorker() {
        workers = WorkerFactory.newInstance(client);
        Worker worker = workers.newWorker(RunWorkflow.TASK_QUEUE);
        worker.registerWorkflowImplementationTypes(OrchestrationTest.WaitingRun.class);
        worker.registerActivitiesImplementations(OrchestrationTest.into(registry));
        workers.start();
    }

    @AfterEach
    void stopsTheWorker() {
        if (workers != null) {
            workers.shutdownNow();
        }
    }

    @Test
    void aTerminatedRunIsNoticedWhenItIsAskedForAndCanBeTriedAgain() throws Exception {
        String id = running("terminated");
        terminate(id);

        act(id, "pause").then().statusCode(409).body("detail", containsString("the run is failed"));

        Run run = run(id);
        assertThat(run.status()).isEqualTo(RunState.FAILED);
        assertThat(run.failure()).extracting(Runs.Failure::code).isEqualTo("RUN_INTERRUPTED");
        as(operator)
                .get("/api/v1/runs/" + id)
                .then()
                .body("failure.code", equalTo("TNR-5014"))
                .body("failure.retryable", equalTo(true));
        assertThat(registry.events().after(id, 0, 100))
                .filteredOn(event -> event.type().equals("run.reconciled"))
                .extracting(Events.Event::message)
                .containsExactly(
                        "the run was recorded as running, but the run's workflow was terminated in"
                                + " Temporal");
        assertThat(registry.audit().list("run/" + id, 10))
                .filteredOn(entry -> entry.action().equals("run.reconcile"))
                .singleElement()
                .satisfies(
                        entry -> {
                            assertThat(entry.actorId()).isEqualTo("program:reconciler");
                            assertThat(entry.before()).isEqualTo("{\"state\":\"running\"}");
                            assertThat(entry.after()).isEqualTo("{\"state\":\"failed\"}");
                        });
        act(id, "retry").then().statusCode(202);
        await(id, RunState.RUNNING);
        assertThat(run(id).version().execution()).isEqualTo(2);
    }

    @Test
    void aTerminatedRunIsNoticedByItself() throws Exception {
        String id = running("noticed");
        terminate(id);
        reconciler.look();
        assertThat(run(id).status()).as("within its grace").isEqualTo(RunState.RUNNING);

        makeOld(id);
        reconciler.look();

        assertThat(run(id).status()).isEqualTo(RunState.FAILED);
    }

    @Test
    void aRunAtWorkIsNeverOverruled() throws Exception {
        String id = running("at-work");
        makeOld(id);

        reconciler.look();

        assertThat(run(id).status()).isEqualTo(RunState.RUNNING);
        assertThat(registry.events().after(id, 0, 100))
                .extracting(Events.Event::type)
                .doesNotContain("run.reconciled");
        act(id, "pause").then().statusCode(202);
    }

    @Test
    void aRunThatWasRecordedAndNeverStartedIsStarted() throws Exception {
        String id = queuedRun("never-started");
        reconciler.look();
        assertThat(run(id).status()).as("within its grace").isEqualTo(RunState.QUEUED);

        makeOld(id);
        reconciler.look();

        await(id, RunState.RUNNING);
    }

    @Test
    void aRunThatTemporalHasForgottenFailsAndCanBeTriedAgain() throws Exception {
        String id = recordedRun("forgotten");
        makeOld(id);

        reconciler.look();

        assertThat(run(id).status()).isEqualTo(RunState.FAILED);
        assertThat(run(id).reason()).contains("Temporal does not know the run's workflow any more");
        act(id, "retry").then().statusCode(202);
        await(id, RunState.RUNNING);
    }

    @Test
    void aWorkflowThatAnEarlierExecutionLeftEndsAndTheNewerOneBegins() throws Exception {
        String id = running("left");
        EmbeddedDatabase.execute(
                new DatabaseAddress(url, user, password),
                "update runs set execution = 2, status_sequence = 0, status = 'queued' where run_id = '%s'"
                        .formatted(id));
        reconciler.look();
        assertThat(run(id).status()).as("within its grace").isEqualTo(RunState.QUEUED);
        makeOld(id);

        for (int i = 0; i < 100 && run(id).status() != RunState.RUNNING; i++) {
            reconciler.look();
            Thread.sleep(100);
        }

        assertThat(run(id).status()).isEqualTo(RunState.RUNNING);
        assertThat(run(id).version().execution()).isEqualTo(2);
        act(id, "pause").then().statusCode(202);
    }

    @Test
    void aRequestThatNoWorkerTookTakesEffectOnceAndIsAcceptedWhenItIsRepeated() throws Exception {
        String id = running("no-worker");
        act(id, "pause").then().statusCode(202);
        await(id, RunState.PAUSED);
        workers.shutdownNow();
        workers.awaitTermination(10, TimeUnit.SECONDS);

        act(id, "resume")
                .then()
                .statusCode(503)
                .body("detail", containsString("may still take effect"));

        startWorker();
        await(id, RunState.RUNNING);
        act(id, "resume").then().statusCode(202);
        act(id, "resume")
                .then()
                .statusCode(409)
                .body("detail", containsString("the run is running"));
    }

    @Test
    void aRunIsPausedAndResumedAsOftenAsAsked() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        String id = running("often");
        for (int i = 0; i < 25; i++) {
            act(id, "pause").then().statusCode(202);
            Thread.sleep(random.nextInt(20));
            act(id, "resume").then().statusCode(202);
            Thread.sleep(random.nextInt(20));
        }
        assertThat(registry.audit().list("run/" + id, 10))
                .extracting(Audit.Entry::action)
                .containsExactly("run.submit");
    }

    private String running(String name) throws InterruptedException {
        String id =
                as(operator)
                        .contentType("application/yaml")
                        .body(plan(name))
                        .post("/api/v1/runs")
                        .path("id");
        await(id, RunState.RUNNING);
        return id;
    }

    private void terminate(String id) {
        client.newUntypedWorkflowStub(RunWorkflow.workflowId(id)).terminate("by hand");
    }

    private Response act(String id, String action) {
        return as(operator)
                .contentType("application/json")
                .body("{\"reason\":\"a test\"}")
                .post("/api/v1/runs/" + id + "/" + action);
    }

    /// As if nothing had changed for longer than the grace.
    private void makeOld(String id) {
        EmbeddedDatabase.execute(
                new DatabaseAddress(url, user, password),
                "update runs set status_at = status_at - interval '2 hours' where run_id = '%s'"
                        .formatted(id));
    }

    private Run run(String id) {
        return registry.runs().find(id).orElseThrow();
    }

    private void await(String id, RunState state) throws InterruptedException {
        for (int i = 0; i < 200 && run(id).status() != state; i++) {
            Thread.sleep(100);
        }
        assertThat(run(id).status()).isEqualTo(state);
    }
}
