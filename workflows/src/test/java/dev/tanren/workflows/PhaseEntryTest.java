package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.TrainingStage.Otherwise;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.testing.StageBuilder;
import io.temporal.client.WorkflowStub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A phase that is entered on a condition, and what becomes of one that is not.
@Timeout(60)
class PhaseEntryTest extends WorkflowTest {

    private static final String WHY = "a reason";

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
                .extracting(gang -> gang.work().phaseId())
                .containsExactly("short", "last");
        assertThat(platform.gangs.getFirst().work().skippedPhases()).isEmpty();
        assertThat(platform.gangs.getLast().work().skippedPhases()).containsExactly("long");
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
        temporal.assertFailsWith(ErrorCode.GATE_FAILED, conditional(Otherwise.FAIL));
    }

    @Test
    void aPhaseWaitsForAPersonWhenThePlanSaysPause() {
        WorkflowStub run = start(conditional(Otherwise.PAUSE));
        await(() -> platform.statuses().contains("paused"));
        assertThat(ask().state().reason())
                .contains("code.loss below 2 nats/token", "it is 3 nats/token");

        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);

        assertThat(platform.gangs).hasSize(2);
    }

    private Plan conditional(Otherwise otherwise) {
        platform.evaluation.putIfAbsent("code.loss", 3.0);
        return Plans.twoPhases(new EntryCondition("code.loss", 2.0, null, otherwise));
    }
}
