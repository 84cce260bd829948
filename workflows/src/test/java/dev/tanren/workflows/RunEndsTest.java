package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.SearchAttributes;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.common.SearchAttributeKey;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where a run may be stopped, and what becomes of the stages that it does not reach.
@Timeout(60)
class RunEndsTest extends WorkflowTest {

    private static final String WHY = "a reason";

    @Test
    void stagesAfterOneThatFailedAreSkippedWithTheReason() {
        platform.script.add(platform.failing(ErrorCode.TRAINING_DIVERGED, 5));
        WorkflowStub run = temporal.start(Plans.published());

        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "stage adapt failed",
                        "stage release skipped: stage adapt failed",
                        "stage gate skipped: stage adapt failed",
                        "run failed TRAINING_DIVERGED");
    }

    @Test
    void aStepThatWantsARollbackIsLeftOutByTheNextAttempt() {
        platform.script.add(platform.stoppedByAnomaly(ErrorCode.TRAINING_ROLLED_BACK, 5));
        WorkflowStub run = temporal.start(Plans.published());
        run.getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "succeeded");
        assertThat(platform.gangs.get(0).work().skippedSteps()).isEmpty();
        assertThat(platform.gangs.get(1).work().skippedSteps()).containsExactly(6L);
        assertThat(platform.gangs.get(1).resumeStep()).isEqualTo(5);
    }

    @Test
    void aStepThatWantsAPersonPausesTheRunUntilOneResumesIt() {
        platform.script.add(platform.stoppedByAnomaly(ErrorCode.TRAINING_NEEDS_PERSON, 5));
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.statuses().contains("paused"));
        assertThat(platform.reasons).anyMatch(reason -> reason.contains("scripted"));

        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);

        assertThat(platform.statuses().getLast()).isEqualTo("succeeded");
        assertThat(platform.gangs.get(1).work().skippedSteps()).containsExactly(6L);
    }

    @Test
    void stagesAfterOneThatWasCancelledAreSkippedWithTheReason() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("gang at work"));

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "stage adapt cancelled",
                        "stage release skipped: stage adapt was cancelled",
                        "stage gate skipped: stage adapt was cancelled",
                        "run cancelled");
    }

    /// Verifying a large checkpoint may take an hour.
    @Test
    void aPauseEndsTheBeginningOfAnAttemptAndAResumeBeginsAnother() {
        CountDownLatch begin = platform.hold("begin");
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("begin at work"));

        ask(RunAction.PAUSE, WHY);
        await(() -> platform.statuses().contains("paused"));

        assertThat(platform.log).containsSubsequence("begin ended", "run paused");
        assertThat(platform.gangs).isEmpty();
        begin.countDown();
        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);
        assertThat(platform.statuses().getLast()).isEqualTo("succeeded");
    }

    @ParameterizedTest
    @CsvSource({
        "begin, 'adapt cancelled'",
        "dataset, 'adapt skipped: the run was cancelled'",
        "export, 'release cancelled'",
        "evaluate, 'gate cancelled'"
    })
    void aCancelledRunEndsWhateverIsAtWork(String activity, String stage) {
        platform.hold(activity);
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains(activity + " at work"));

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        await(() -> platform.log.contains(activity + " ended"));
        assertThat(platform.statuses()).containsExactly("running", "cancelling", "cancelled");
        assertThat(platform.log).contains("stage " + stage);
        assertThat(platform.stages.values()).doesNotContain("queued", "running");
    }

    @Test
    void aRunThatTemporalItselfCancelsIsCancelledToo() {
        platform.hold("export");
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("export at work"));

        run.cancel();

        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);
        assertThat(platform.statuses()).containsExactly("running", "cancelled");
        assertThat(platform.log)
                .contains(
                        "stage release cancelled",
                        "stage gate skipped: stage release was cancelled");
    }

    @ParameterizedTest
    @CsvSource({
        "dataset, pausing when the datasets are prepared",
        "export, pausing after stage release",
        "evaluate, pausing after stage gate"
    })
    void aPauseThatMustWaitSaysWhatItWaitsFor(String activity, String says) {
        CountDownLatch open = platform.hold(activity);
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains(activity + " at work"));

        ask(RunAction.PAUSE, WHY);

        assertThat(ask().state().status()).isEqualTo("pausing");
        assertThat(ask().state().reason()).isEqualTo(says + ": a reason");
        assertThat(platform.reasons).contains(says + ": a reason");
        open.countDown();
        if (activity.equals("evaluate")) {
            // The last stage: there is nothing left to pause before.
            run.getResult(Void.class);
            assertThat(platform.statuses()).endsWith("pausing", "succeeded");
            return;
        }
        await(() -> platform.statuses().contains("paused"));
        assertThat(ask().state().reason()).isEqualTo("a reason");
        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);
        assertThat(platform.statuses()).endsWith("paused", "running", "succeeded");
    }

    @Test
    void aPauseWhileRanksTrainIsNotPutOff() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("gang at work"));

        ask(RunAction.PAUSE, WHY);

        assertThat(platform.reasons).contains("a reason").noneMatch(it -> it.contains("after"));
        await(() -> platform.statuses().contains("paused"));
        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);
    }

    @Test
    void aStageThatSucceededStaysSoWhenTheRunIsCancelledBeforeTheNext() {
        CountDownLatch open = platform.hold("export");
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("export at work"));
        ask(RunAction.PAUSE, WHY);
        open.countDown();
        await(() -> platform.statuses().contains("paused"));

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        assertThat(platform.stages)
                .containsEntry("adapt", "succeeded")
                .containsEntry("release", "succeeded")
                .containsEntry("gate", "skipped");
    }

    @Test
    void aRetryQueuesWhatWasSkippedAndDoesIt() {
        platform.script.add(platform.failing(ErrorCode.TRAINING_DIVERGED, 5));
        WorkflowStub failed = temporal.start(Plans.published());
        assertThatThrownBy(() -> failed.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);

        temporal.start(Plans.published()).getResult(Void.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "stage adapt queued: the run is tried again",
                        "stage release queued: the run is tried again",
                        "stage gate queued: the run is tried again",
                        "stage adapt running");
        assertThat(platform.stages.values()).containsOnly("succeeded");
    }

    @Test
    void aRunIsFoundByItsStateAndByTheStageAtWorkAndByNoStageWhenItHasEnded() {
        CountDownLatch open = platform.hold("export");
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("export at work"));
        assertThat(found(run, SearchAttributes.RUN_STATUS)).isEqualTo("running");
        assertThat(found(run, SearchAttributes.STAGE)).isEqualTo("release");

        open.countDown();
        run.getResult(Void.class);

        assertThat(found(run, SearchAttributes.RUN_STATUS)).isEqualTo("succeeded");
        assertThat(found(run, SearchAttributes.STAGE)).isNull();
    }

    private static String found(WorkflowStub run, SearchAttributeKey<String> key) {
        return run.describe().getTypedSearchAttributes().get(key);
    }
}
