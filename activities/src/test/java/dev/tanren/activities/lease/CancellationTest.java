package dev.tanren.activities.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.testing.TemporalServer;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.enums.v1.EventType;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.CanceledFailure;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How work that was asked to end says so to a real Temporal: the test server takes what the real
/// one refuses, and an end that was refused looks like a lost worker a few seconds later.
@Timeout(120)
class CancellationTest {

    private static final String QUEUE = "cancelled-work";

    @ActivityInterface
    public interface Work {
        void untilCancelled();
    }

    @WorkflowInterface
    public interface Working {
        @WorkflowMethod
        void run();
    }

    /// Waits until the activity has told how it ended.
    public static final class WorkingImpl implements Working {

        private final Work work =
                Workflow.newActivityStub(
                        Work.class,
                        ActivityOptions.newBuilder()
                                .setStartToCloseTimeout(Duration.ofMinutes(1))
                                .setHeartbeatTimeout(Duration.ofSeconds(4))
                                .setCancellationType(
                                        ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                                .build());

        @Override
        public void run() {
            work.untilCancelled();
        }
    }

    @Test
    void workThatEndedByRequestIsNotTakenForALostWorker() throws Exception {
        Optional<TemporalServer> server = TemporalServer.start();
        assumeTrue(server.isPresent(), TemporalServer.MISSING);
        CountDownLatch atWork = new CountDownLatch(1);
        try (TemporalServer temporal = server.get();
                TestWorkflowEnvironment environment = environmentOn(temporal)) {
            Worker worker = environment.newWorker(QUEUE);
            worker.registerWorkflowImplementationTypes(WorkingImpl.class);
            worker.registerActivitiesImplementations((Work) () -> workUntilCancelled(atWork));
            environment.start();
            WorkflowStub run = start(environment.getWorkflowClient());
            assertThat(atWork.await(30, TimeUnit.SECONDS)).isTrue();

            run.cancel();

            assertThatThrownBy(() -> run.getResult(Void.class))
                    .isInstanceOf(WorkflowFailedException.class)
                    .hasCauseInstanceOf(CanceledFailure.class);
            assertThat(
                            environment
                                    .getWorkflowClient()
                                    .fetchHistory(run.getExecution().getWorkflowId())
                                    .getEvents())
                    .extracting(event -> event.getEventType())
                    .contains(EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
                    .doesNotContain(EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT);
        }
    }

    private static void workUntilCancelled(CountDownLatch atWork) {
        try (HeartbeatLease lease =
                HeartbeatLease.hold(Activity.getExecutionContext(), new Drain())) {
            atWork.countDown();
            while (lease.state() != Lease.State.CANCELLED) {
                Thread.sleep(20);
            }
            throw lease.ending(
                    new TanrenException(ErrorCode.RANK_PREEMPTED, "stopped", "here", "nothing"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static TestWorkflowEnvironment environmentOn(TemporalServer temporal) {
        return TestWorkflowEnvironment.newInstance(
                TestEnvironmentOptions.newBuilder()
                        .setUseExternalService(true)
                        .setTarget(temporal.address())
                        .build());
    }

    private static WorkflowStub start(WorkflowClient client) {
        WorkflowStub run =
                client.newUntypedWorkflowStub(
                        "Working", WorkflowOptions.newBuilder().setTaskQueue(QUEUE).build());
        run.start();
        return run;
    }
}
