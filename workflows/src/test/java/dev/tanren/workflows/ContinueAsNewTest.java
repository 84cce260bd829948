package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.TrainingStage.Otherwise;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.client.WorkflowStub;
import io.temporal.common.SearchAttributeKey;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A run whose history is long goes on in a new execution, as if it were the same.
///
/// On a real server, for the requests that come as it does so follow each other faster than
/// activities end.
@Timeout(120)
class ContinueAsNewTest extends WorkflowTest {

    private static final String RUN = RunWorkflow.workflowId("r");

    private static final String WHY = "again";

    @Override
    TestTemporal server() {
        return TestTemporal.startReal();
    }

    @Test
    void aRunGoesOnInItsStageAndAnswersRequestsAsBefore() {
        platform.script.add(platform.untilCancelled(3));
        platform.script.add(platform.untilCancelled(7));
        temporal.start(Plans.published());
        temporal.pauseAtWork(WHY, 1);
        makeTheHistoryLong();

        ask(RunAction.RESUME, WHY);
        temporal.pauseAtWork(WHY, 2);

        assertThat(isContinued()).isTrue();
        assertThat(ask().state()).isEqualTo(new RunWorkflow.State("paused", "adapt", WHY));
        assertThat(found(SearchAttributes.RUN_STATUS)).isEqualTo("paused");
        assertThat(found(SearchAttributes.STAGE)).isEqualTo("adapt");
        assertThat(latest().describe().getMemo(RunWorkflow.EXECUTION_MEMO, Long.class))
                .as("what the reconciler compares with the registry")
                .isEqualTo(1L);
        ask(RunAction.RESUME, WHY);
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
        temporal.pauseAtWork(WHY, 1);
        makeTheHistoryLong();

        ask(RunAction.RESUME, WHY);
        ask(RunAction.PAUSE, WHY);
        await(() -> platform.count("paused") == 2);
        ask(RunAction.RESUME, WHY);
        ask(RunAction.CANCEL, WHY);
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
        await(() -> platform.count("paused") == 1);
        assertThat(ask().state().reason()).contains("code.loss");
        makeTheHistoryLong();

        ask(RunAction.RESUME, WHY);
        latest().getResult(Void.class);

        assertThat(isContinued()).isTrue();
        assertThat(platform.count("paused")).as("asked once").isEqualTo(1);
        assertThat(platform.log).contains("event phase.entered-regardless/adapt/long");
    }

    @Test
    void aRunBetweenTwoStagesBeginsTheNextOneOnce() {
        CountDownLatch open = platform.hold("export");
        temporal.start(Plans.published());
        await(() -> platform.log.contains("export at work"));
        ask(RunAction.PAUSE, WHY);
        open.countDown();
        await(() -> platform.count("paused") == 1);
        makeTheHistoryLong();

        ask(RunAction.RESUME, WHY);
        latest().getResult(Void.class);

        assertThat(isContinued()).isTrue();
        assertThat(platform.log).containsOnlyOnce("stage release running", "stage gate running");
        assertThat(platform.exports).hasValue(1);
    }

    /// Signals that nobody listens to are events of the history like others.
    private void makeTheHistoryLong() {
        while (temporal.history(RUN).getEvents().size() <= ActivityPolicies.HISTORY_EVENTS) {
            for (int signal = 0; signal < 250; signal++) {
                latest().signal("unheard");
            }
        }
    }

    private String found(SearchAttributeKey<String> key) {
        return latest().describe().getTypedSearchAttributes().get(key);
    }

    private boolean isContinued() {
        return temporal.isContinued(RUN);
    }

    /// The newest execution.
    private WorkflowStub latest() {
        return temporal.environment().getWorkflowClient().newUntypedWorkflowStub(RUN);
    }
}
