package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.payload.SealedDataConverter;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.testing.TemporalServer;
import dev.tanren.workflows.testing.TestKeys;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The real workflows and faked activities, on Temporal's test server, whose time skips, or on a
/// real one.
record TestTemporal(
        TestWorkflowEnvironment environment, FakePlatform platform, @Nullable TemporalServer server)
        implements AutoCloseable {

    static final Actor ADA =
            new Actor("01m86apb0kkkan71hmsa09pmns", "ada", "operator", "127.0.0.1");

    static TestTemporal start() {
        return on(inMemory(), null);
    }

    /// On a real server; the test is skipped where there is none.
    ///
    /// For requests that may come just as an activity ends, or runs out of its time: the test
    /// server answers their cancellation with an error and loses the workflow's task.
    static TestTemporal startReal() {
        Optional<TemporalServer> server = TemporalServer.start();
        assumeTrue(server.isPresent(), TemporalServer.MISSING);
        return on(
                TestWorkflowEnvironment.newInstance(
                        TestEnvironmentOptions.newBuilder()
                                .setUseExternalService(true)
                                .setTarget(server.get().address())
                                .setWorkflowClientOptions(client())
                                .build()),
                server.get());
    }

    private static TestTemporal on(
            TestWorkflowEnvironment environment, @Nullable TemporalServer server) {
        FakePlatform platform = new FakePlatform();
        WorkerOptions quick = options();
        Worker shared = environment.newWorker(RunWorkflow.TASK_QUEUE, quick);
        WorkflowTypes.registerWith(shared);
        shared.registerActivitiesImplementations(platform);
        environment
                .newWorker(GangActivities.TASK_QUEUE, quick)
                .registerActivitiesImplementations(platform.gangActivities(FakePlatform.ANY));
        for (String worker : FakePlatform.WORKERS) {
            environment
                    .newWorker(GangActivities.taskQueueOf(worker), quick)
                    .registerActivitiesImplementations(platform.gangActivities(worker));
        }
        environment.start();
        return new TestTemporal(environment, platform, server);
    }

    /// Cancellations are heard of quickly, and a busy machine is not taken for a deadlock.
    static WorkerOptions options() {
        return WorkerOptions.newBuilder()
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(50))
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(50))
                .setDefaultDeadlockDetectionTimeout(20_000)
                .build();
    }

    /// Without workers.
    static TestWorkflowEnvironment inMemory() {
        return TestWorkflowEnvironment.newInstance(
                TestEnvironmentOptions.newBuilder()
                        .setWorkflowClientOptions(client())
                        .registerSearchAttribute(
                                SearchAttributes.RUN_STATUS.getName(),
                                IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
                        .registerSearchAttribute(
                                SearchAttributes.STAGE.getName(),
                                IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
                        .build());
    }

    private static WorkflowClientOptions client() {
        return WorkflowClientOptions.newBuilder()
                .setDataConverter(new SealedDataConverter(TestKeys.keys()))
                .build();
    }

    WorkflowStub start(Plan plan) {
        RunWorkflow run =
                environment
                        .getWorkflowClient()
                        .newWorkflowStub(
                                RunWorkflow.class,
                                WorkflowOptions.newBuilder()
                                        .setTaskQueue(RunWorkflow.TASK_QUEUE)
                                        .setWorkflowId(RunWorkflow.workflowId("r"))
                                        .build());
        WorkflowClient.start(run::run, new RunWorkflow.Input("r", plan, 1));
        return WorkflowStub.fromTyped(run);
    }

    void assertFailsWith(ErrorCode code, Plan plan) {
        WorkflowStub run = start(plan);
        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class)
                .cause()
                .isInstanceOfSatisfying(
                        ApplicationFailure.class,
                        failure -> assertThat(failure.getType()).isEqualTo(code.name()));
    }

    RunWorkflow run(String workflowId) {
        return environment.getWorkflowClient().newWorkflowStub(RunWorkflow.class, workflowId);
    }

    /// What Ada asks the run's first execution for.
    static RunWorkflow.Request request(RunAction action, @Nullable String reason) {
        return new RunWorkflow.Request(UUID.randomUUID().toString(), 1, action, ADA, reason);
    }

    void ask(RunAction action, @Nullable String reason) {
        RunWorkflow run = run(RunWorkflow.workflowId("r"));
        RunWorkflow.Request request = request(action, reason);
        switch (action) {
            case PAUSE -> run.pause(request);
            case RESUME -> run.resume(request);
            case CANCEL -> run.cancel(request);
            case RETRY -> throw new IllegalArgumentException("a retry is another execution");
        }
    }

    /// Asks for a pause when a gang is at work for the `times`th time, and waits for it.
    void pauseAtWork(@Nullable String why, int times) {
        await(() -> platform.log.stream().filter("gang at work"::equals).count() == times);
        ask(RunAction.PAUSE, why);
        await(() -> platform.count("paused") == times);
    }

    WorkflowExecutionHistory history(String workflowId) {
        return environment.getWorkflowClient().fetchHistory(workflowId);
    }

    /// Whether the newest execution continues another.
    boolean isContinued(String workflowId) {
        return !history(workflowId)
                .getEvents()
                .getFirst()
                .getWorkflowExecutionStartedEventAttributes()
                .getContinuedExecutionRunId()
                .isEmpty();
    }

    static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long").isLessThan(end);
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        environment.close();
        if (server != null) {
            server.close();
        }
    }
}
