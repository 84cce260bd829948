package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.EntryCondition;
import dev.tanren.spec.plan.TrainingStage.Otherwise;
import dev.tanren.spec.testing.StageBuilder;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A run's transitions, retries and ends, on Temporal's test server with time that skips.
@Timeout(60)
class RunWorkflowTest {

    private static final RunWorkflow.Request ASKED = new RunWorkflow.Request("ada", "a reason");

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
    void aRunDoesItsStagesInOrderAndSucceeds() {
        WorkflowStub run = start(Plans.published());

        run.getResult(Void.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "run running",
                        "stage adapt running",
                        "event phase.entered/adapt/short",
                        "event phase.entered/adapt/long",
                        "stage adapt succeeded",
                        "stage release succeeded",
                        "stage gate succeeded",
                        "run succeeded");
        assertThat(platform.gangs)
                .extracting(GangActivities.GangRequest::lastStep)
                .containsExactly(10L, 20L);
    }

    @Test
    void aStageThatSucceededBeforeIsNotDoneAgain() {
        platform.stages.put("adapt", "succeeded");

        start(Plans.published()).getResult(Void.class);

        assertThat(platform.gangs).isEmpty();
        assertThat(platform.exports).hasValue(1);
    }

    @Test
    void aPausedRunHoldsNoGangAndGoesOnFromWhatWasSaved() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        typed(run).pause(ASKED);
        await(() -> platform.statuses().contains("paused"));
        assertThat(platform.log).containsSubsequence("run pausing", "gang saved", "run paused");
        assertThat(typed(run).state().status()).isEqualTo("paused");

        typed(run).resume(ASKED);
        run.getResult(Void.class);

        assertThat(platform.statuses())
                .containsExactly("running", "pausing", "paused", "running", "succeeded");
        assertThat(platform.gangs.get(1).resumeStep()).isEqualTo(7);
    }

    @Test
    void aCancelledRunEndsItsGangAndIsCancelled() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        typed(run).cancel(ASKED);
        run.getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "cancelling", "cancelled");
        assertThat(platform.log).contains("gang saved", "stage adapt cancelled");
    }

    @Test
    void aPausedRunCanBeCancelled() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));
        typed(run).pause(ASKED);
        await(() -> platform.statuses().contains("paused"));

        typed(run).cancel(ASKED);
        run.getResult(Void.class);

        assertThat(platform.statuses()).endsWith("cancelling", "cancelled");
    }

    @Test
    void aRunThatIsNotPausedCannotBeResumed() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        assertThatThrownBy(() -> typed(run).resume(ASKED))
                .isInstanceOf(WorkflowUpdateException.class);

        typed(run).cancel(ASKED);
        run.getResult(Void.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {
                "RANK_CRASHED",
                "RANK_HUNG",
                "RANK_PREEMPTED",
                "COLLECTIVE_FAILED",
                "SCRATCH_FULL",
                "STORE_UNREACHABLE",
                "CHECKPOINT_STALE_ATTEMPT"
            })
    void whatMayPassIsTriedAgain(ErrorCode code) {
        platform.script.add(platform.failing(code, 5));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.gangs.get(1).resumeStep()).isEqualTo(5);
        assertThat(platform.statuses()).containsExactly("running", "succeeded");
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {
                "RANK_OUT_OF_MEMORY",
                "RANK_MEMORY_LIMIT",
                "TRAINING_DIVERGED",
                "TOKEN_SHARD_CORRUPT",
                "RANK_LAUNCH",
                "INTERNAL"
            })
    void whatWouldFailAgainFailsTheRunAtOnce(ErrorCode code) {
        platform.script.add(platform.failing(code, 5));

        assertFailsWith(code, Plans.twoPhases());

        assertThat(platform.gangs).hasSize(1);
        assertThat(platform.statuses()).containsExactly("running", "failed " + code.name());
    }

    @Test
    void aStageThatRanOutOfMemoryIsNotTriedUnchangedAndSaysWhatToChange() {
        platform.script.add(platform.failing(ErrorCode.RANK_OUT_OF_MEMORY, 5));
        WorkflowStub run = start(Plans.twoPhases());

        assertThatThrownBy(() -> run.getResult(Void.class))
                .cause()
                .isInstanceOfSatisfying(
                        ApplicationFailure.class,
                        failure ->
                                assertThat(failure.getDetails().get(Failure.class).mend())
                                        .startsWith("submit the plan with ")
                                        .endsWith("; or: nothing"));

        assertThat(platform.gangs).hasSize(1);
    }

    @Test
    void aStageThatComesNoFurtherGivesUp() {
        for (int attempt = 0; attempt < 7; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, 3));
        }

        assertFailsWith(ErrorCode.RANK_CRASHED, Plans.twoPhases());

        // The first attempt brought it to step 3, which filled the budget again.
        assertThat(platform.gangs).hasSize(7);
    }

    @Test
    void aStageThatComesFurtherSurvivesAnyNumberOfFaults() {
        for (int step = 1; step < 10; step++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, step));
        }

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.statuses()).endsWith("succeeded");
    }

    @Test
    void preemptionsCostNothingAsLongAsTheStageComesFurther() {
        for (int step = 1; step < 10; step++) {
            for (int attempt = 0; attempt < 12; attempt++) {
                platform.script.add(platform.failing(ErrorCode.RANK_PREEMPTED, step));
            }
        }

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "succeeded");
    }

    @Test
    void aStageWhoseWorkersAreLostInVainWaitsForAPersonWhoFillsTheBudget() {
        for (int attempt = 0; attempt < 14; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_PREEMPTED, 3));
        }
        WorkflowStub run = start(Plans.twoPhases());
        temporal.environment().sleep(Duration.ofHours(2));
        await(() -> platform.statuses().contains("paused"));

        // The first attempt brought it to step 3, which filled the budget again.
        assertThat(platform.gangs).hasSize(14);
        assertThat(typed(run).state().reason())
                .startsWith(
                        "13 attempts in a row lost their worker and came no further than step 3;"
                                + " the last: scripted;")
                .endsWith("then resume the run");
        typed(run).resume(new RunWorkflow.Request("ada", null));
        run.getResult(Void.class);
        assertThat(platform.statuses())
                .containsExactly("running", "paused", "running", "succeeded");
    }

    @Test
    void aRunThatHasFailedForGoodSaysWhatCanBeDoneNow() {
        for (int attempt = 0; attempt < 7; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_HUNG, 3));
        }

        assertFailsWith(ErrorCode.RANK_HUNG, Plans.twoPhases());

        Failure failure = platform.failures.getLast();
        assertThat(failure.what()).contains("6 attempts in a row came no further than step 3");
        assertThat(failure.mend())
                .startsWith("the run has ended: look at the stacks in the ranks' logs")
                .contains("./tanren run retry r goes on with stage adapt")
                .doesNotContain("the work goes on");
    }

    @Test
    void aGangIsTakenByTheWorkerThatIsAskedFirst() {
        platform.askedFirst.addAll(List.of("w2", "w1"));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers).containsExactly("w2", "w1");
    }

    @Test
    void aGangGoesToAnyWorkerWhenTheOneThatIsAskedFirstIsGone() {
        platform.askedFirst.addAll(List.of("gone", "w1"));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers).containsExactly(FakePlatform.ANY, "w1");
        assertThat(platform.gangs)
                .extracting(GangActivities.GangRequest::fencingToken)
                .containsExactly(1L, 2L);
        assertThat(platform.log).noneMatch(line -> line.startsWith("attempt ended"));
    }

    @Test
    void aGangThatTheWorkerHasNoRoomForGoesToAnyWithoutAnotherAttempt() {
        platform.askedFirst.add("w1");
        platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 0));
        platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 0));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers)
                .containsExactly("w1", FakePlatform.ANY, FakePlatform.ANY, FakePlatform.ANY);
        assertThat(platform.gangs)
                .extracting(GangActivities.GangRequest::fencingToken)
                .containsExactly(1L, 1L, 1L, 2L);
    }

    @Test
    void aRunPausesWhileItsGangWaitsForTheWorkerThatIsAskedFirst() {
        platform.askedFirst.add("gone");
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("event phase.entered/adapt/short"));

        typed(run).pause(ASKED);

        await(() -> platform.statuses().contains("paused"));
        typed(run).resume(ASKED);
        platform.script.clear();
        run.getResult(Void.class);
        assertThat(platform.statuses()).endsWith("succeeded");
    }

    @Test
    void aPhaseIsEnteredRegardlessWhenThePlanSaysContinue() {
        start(conditional(Otherwise.CONTINUE)).getResult(Void.class);

        assertThat(platform.log).contains("event phase.entered-regardless/adapt/long");
        assertThat(platform.gangs).hasSize(2);
    }

    @Test
    void aPhaseWhoseConditionHoldsIsEntered() {
        platform.evaluation.put("code.loss", 1.5);

        start(conditional(Otherwise.FAIL)).getResult(Void.class);

        assertThat(platform.gangs).hasSize(2);
    }

    @Test
    void aPhaseIsLeftOutWhenThePlanSaysSkip() {
        start(conditional(Otherwise.SKIP)).getResult(Void.class);

        assertThat(platform.log)
                .contains("event phase.skipped/adapt/long")
                .doesNotContain("event schedule.cut-short/adapt");
        assertThat(platform.gangs).hasSize(1);
    }

    @Test
    void aFallThatNoLongerTakesPlaceIsSaid() {
        start(falling(conditional(Otherwise.SKIP))).getResult(Void.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "event phase.skipped/adapt/long", "event schedule.cut-short/adapt");
    }

    @Test
    void aFallThatTakesPlaceIsNotSpokenOf() {
        platform.evaluation.put("code.loss", 1.5);

        start(falling(conditional(Otherwise.SKIP))).getResult(Void.class);

        assertThat(platform.gangs).hasSize(2);
        assertThat(platform.log).doesNotContain("event schedule.cut-short/adapt");
    }

    @Test
    void aPhaseBehindOneThatWasLeftOutIsToldSo() {
        Plan plan = conditional(Otherwise.SKIP);
        TrainingStage stage = (TrainingStage) plan.stage("adapt").orElseThrow();
        TrainingStage three =
                StageBuilder.of(stage)
                        .phases(
                                stage.phases().getFirst(),
                                stage.phases().getLast(),
                                StageBuilder.phase("last", 16, 640))
                        .build();

        start(replaced(plan, three)).getResult(Void.class);

        assertThat(platform.gangs)
                .extracting(GangActivities.GangRequest::phaseId)
                .containsExactly("short", "last");
        assertThat(platform.gangs.getFirst().skippedPhases()).isEmpty();
        assertThat(platform.gangs.getLast().skippedPhases()).containsExactly("long");
    }

    private static Plan falling(Plan plan) {
        TrainingStage stage = (TrainingStage) plan.stage("adapt").orElseThrow();
        return replaced(
                plan,
                StageBuilder.of(stage)
                        .schedule(
                                new TrainingStage.Schedule(
                                        TrainingStage.ScheduleType.LINEAR,
                                        0,
                                        0,
                                        0,
                                        0.0,
                                        TrainingStage.Course.STAGE))
                        .build());
    }

    private static Plan replaced(Plan plan, TrainingStage stage) {
        return new Plan(
                plan.apiVersion(),
                plan.name(),
                plan.seed(),
                plan.model(),
                plan.datasets(),
                plan.stages().stream()
                        .map(each -> each.id().equals(stage.id()) ? stage : each)
                        .toList());
    }

    @Test
    void aPhaseFailsTheRunWhenThePlanSaysSo() {
        assertFailsWith(ErrorCode.GATE_FAILED, conditional(Otherwise.FAIL));
    }

    @Test
    void aPhaseWaitsForAPersonWhenThePlanSaysPause() {
        WorkflowStub run = start(conditional(Otherwise.PAUSE));
        await(() -> platform.statuses().contains("paused"));
        assertThat(typed(run).state().reason()).contains("code.loss", "below 2.0", "3.0");

        typed(run).resume(ASKED);
        run.getResult(Void.class);

        assertThat(platform.gangs).hasSize(2);
    }

    private Plan conditional(Otherwise otherwise) {
        platform.evaluation.putIfAbsent("code.loss", 3.0);
        return Plans.twoPhases(new EntryCondition("code.loss", 2.0, null, otherwise));
    }

    private void assertFailsWith(ErrorCode code, Plan plan) {
        WorkflowStub run = start(plan);
        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class)
                .cause()
                .isInstanceOfSatisfying(
                        ApplicationFailure.class,
                        failure -> assertThat(failure.getType()).isEqualTo(code.name()));
    }

    private WorkflowStub start(Plan plan) {
        return temporal.start(plan);
    }

    private RunWorkflow typed(WorkflowStub run) {
        return temporal.run(run.getExecution().getWorkflowId());
    }

    private static void await(BooleanSupplier condition) {
        TestTemporal.await(condition);
    }
}
