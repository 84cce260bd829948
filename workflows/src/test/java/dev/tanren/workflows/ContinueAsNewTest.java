package dev.tanren.workflows;

import static dev.tanren.workflows.TestTemporal.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.plan.TrainingStage.EntryCondition;
import dev.tanren.spec.plan.TrainingStage.Otherwise;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.client.WorkflowStub;
import io.temporal.common.SearchAttributeKey;
import io.temporal.common.WorkflowExecutionHistory;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A run whose history is long goes on in a new execution, as if it were the same.
@Timeout(120)
class ContinueAsNewTest {

    private static final String STAGE = TrainingStageWorkflow.workflowId("r", "adapt");

    /// Each of them is twelve events of the stage's history or more.
    private static final long ATTEMPTS = ActivityPolicies.HISTORY_EVENTS / 10;

    private static final RunWorkflow.Request ASKED = new RunWorkflow.Request("ada", "again");

    private TestTemporal temporal;
    private FakePlatform platform;

    @BeforeEach
    void startsAServerAndAWorker() {
        temporal = TestTemporal.start();
        platform = temporal.platform();
    }

    @AfterEach
    void stopsThem() {
        temporal.close();
    }

    @Test
    void aRunGoesOnInItsStageAndAnswersRequestsAsBefore() {
        platform.script.add(platform.untilCancelled(3));
        platform.script.add(platform.untilCancelled(7));
        temporal.start(Plans.published());
        pauseAtWork(1);
        makeTheHistoryLong();

        ask().resume(ASKED);
        pauseAtWork(2);

        assertThat(isContinued()).isTrue();
        assertThat(ask().state())
                .isEqualTo(new RunWorkflow.State("paused", "adapt", ASKED.reason()));
        assertThat(found(SearchAttributes.RUN_STATUS)).isEqualTo("paused");
        assertThat(found(SearchAttributes.STAGE)).isEqualTo("adapt");
        ask().resume(ASKED);
        latest().getResult(Void.class);
        assertThat(platform.log)
                .as("the stage goes on, it does not begin anew")
                .containsOnlyOnce("stage adapt running");
        assertThat(platform.gangs)
                .extracting(GangActivities.GangRequest::resumeStep)
                .containsExactly(0L, 3L, 7L, 10L);
        assertThat(platform.statuses()).endsWith("paused", "running", "succeeded");
        assertThat(platform.stages.values()).containsOnly("succeeded");
    }

    @Test
    void aRequestThatComesAsTheRunIsAboutToContinueIsNotLost() {
        platform.script.add(platform.untilCancelled(3));
        platform.script.add(platform.untilCancelled(7));
        temporal.start(Plans.published());
        pauseAtWork(1);
        makeTheHistoryLong();

        ask().resume(ASKED);
        ask().pause(ASKED);
        await(() -> count("paused") == 2);
        ask().resume(ASKED);
        ask().cancel(ASKED);
        latest().getResult(Void.class);

        assertThat(isContinued()).isTrue();
        assertThat(platform.log)
                .filteredOn(line -> line.startsWith("request"))
                .containsExactly(
                        "request pause by ada",
                        "request resume by ada",
                        "request pause by ada",
                        "request resume by ada",
                        "request cancel by ada");
        assertThat(platform.statuses()).endsWith("cancelling", "cancelled");
    }

    @Test
    void whatAPersonHasApprovedStaysApproved() {
        platform.evaluation.put("code.loss", 3.0);
        temporal.start(
                Plans.twoPhases(new EntryCondition("code.loss", 2.0, null, Otherwise.PAUSE)));
        await(() -> count("paused") == 1);
        assertThat(ask().state().reason()).contains("code.loss");
        makeTheHistoryLong();

        ask().resume(ASKED);
        latest().getResult(Void.class);

        assertThat(isContinued()).isTrue();
        assertThat(count("paused")).as("asked once").isEqualTo(1);
        assertThat(platform.log).contains("event phase.entered-regardless/adapt/long");
    }

    @Test
    void aRunBetweenTwoStagesBeginsTheNextOneOnce() {
        CountDownLatch open = platform.hold("export");
        temporal.start(Plans.published());
        await(() -> platform.log.contains("export at work"));
        ask().pause(ASKED);
        open.countDown();
        await(() -> count("paused") == 1);
        makeTheHistoryLong();

        ask().resume(ASKED);
        latest().getResult(Void.class);

        assertThat(isContinued()).isTrue();
        assertThat(platform.log).containsOnlyOnce("stage release running", "stage gate running");
        assertThat(platform.exports).hasValue(1);
    }

    @Test
    void aPauseReachesAStageThatTookMoreAttemptsThanOneHistoryHolds() {
        for (long step = 1; step <= ATTEMPTS; step++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, step));
        }
        platform.script.add(platform.untilCancelled(ATTEMPTS + 1));
        temporal.start(Plans.ofSteps(ATTEMPTS + 10));

        pauseAtWork(1);

        assertThat(continued(historyOf(STAGE))).as("the stage's workflow").isTrue();
        assertThat(continued(history())).as("the run's workflow").isFalse();
        assertThat(platform.committed).containsEntry("adapt", ATTEMPTS + 1);
        ask().resume(ASKED);
        latest().getResult(Void.class);
        assertThat(platform.statuses())
                .containsExactly("running", "pausing", "paused", "running", "succeeded");
    }

    private void pauseAtWork(int times) {
        await(() -> platform.log.stream().filter("gang at work"::equals).count() == times);
        ask().pause(ASKED);
        await(() -> count("paused") == times);
    }

    /// Signals that nobody listens to are events of the history like others.
    private void makeTheHistoryLong() {
        while (history().getEvents().size() <= ActivityPolicies.HISTORY_EVENTS) {
            for (int signal = 0; signal < 250; signal++) {
                latest().signal("unheard");
            }
        }
    }

    private long count(String status) {
        return platform.statuses().stream().filter(status::equals).count();
    }

    private RunWorkflow ask() {
        return temporal.run(RunWorkflow.workflowId("r"));
    }

    private String found(SearchAttributeKey<String> key) {
        return latest().describe().getTypedSearchAttributes().get(key);
    }

    private boolean isContinued() {
        return continued(history());
    }

    private static boolean continued(WorkflowExecutionHistory history) {
        return !history.getEvents()
                .getFirst()
                .getWorkflowExecutionStartedEventAttributes()
                .getContinuedExecutionRunId()
                .isEmpty();
    }

    /// The newest execution.
    private WorkflowStub latest() {
        return temporal.environment()
                .getWorkflowClient()
                .newUntypedWorkflowStub(RunWorkflow.workflowId("r"));
    }

    private WorkflowExecutionHistory history() {
        return historyOf(RunWorkflow.workflowId("r"));
    }

    private WorkflowExecutionHistory historyOf(String workflowId) {
        return temporal.environment().getWorkflowClient().fetchHistory(workflowId);
    }
}
