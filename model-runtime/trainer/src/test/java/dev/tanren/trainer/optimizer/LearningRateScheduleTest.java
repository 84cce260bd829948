package dev.tanren.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.Course;
import dev.tanren.spec.plan.TrainingStage.Schedule;
import dev.tanren.spec.plan.TrainingStage.ScheduleType;
import dev.tanren.spec.testing.StageBuilder;
import dev.tanren.trainer.rank.TinyPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LearningRateScheduleTest {

    private static final double RATE = 1e-3;

    @ParameterizedTest
    @EnumSource(ScheduleType.class)
    void warmUpRisesInAStraightLineFromTheFirstStep(ScheduleType type) {
        LearningRateSchedule schedule = schedule(type);
        assertThat(schedule.at(0)).isCloseTo(RATE / 20, within(1e-12));
        assertThat(schedule.at(900)).isCloseTo(RATE / 2, within(1e-12));
        assertThat(schedule.at(1900)).isCloseTo(RATE, within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(ScheduleType.class)
    void asATrackerItCountsSteps(ScheduleType type) {
        LearningRateSchedule schedule = schedule(type);
        assertThat(schedule.getNewValue(73)).isEqualTo((float) schedule.at(7300));
    }

    @Test
    void constantStaysAndTheOthersFallToTheMinimum() {
        assertThat(schedule(ScheduleType.CONSTANT).at(10_000)).isEqualTo(RATE);
        for (ScheduleType type :
                new ScheduleType[] {
                    ScheduleType.LINEAR, ScheduleType.COSINE, ScheduleType.WARMUP_STABLE_DECAY
                }) {
            assertThat(schedule(type).at(10_000))
                    .as("%s", type)
                    .isCloseTo(RATE / 10, within(1e-12));
            assertThat(schedule(type).at(50_000))
                    .as("%s", type)
                    .isCloseTo(RATE / 10, within(1e-12));
        }
    }

    @Test
    void halfWayDownLinearAndCosineAreInTheMiddle() {
        assertThat(schedule(ScheduleType.LINEAR).at(6000)).isCloseTo(0.55 * RATE, within(1e-12));
        assertThat(schedule(ScheduleType.COSINE).at(6000)).isCloseTo(0.55 * RATE, within(1e-12));
        assertThat(schedule(ScheduleType.COSINE).at(4000))
                .isCloseTo(RATE * (0.1 + 0.9 * 0.5 * (1 + Math.sqrt(0.5))), within(1e-12));
    }

    @Test
    void warmupStableDecayHoldsItsRateUntilTheDecay() {
        LearningRateSchedule schedule = schedule(ScheduleType.WARMUP_STABLE_DECAY);
        assertThat(schedule.at(7000)).isEqualTo(RATE);
        assertThat(schedule.at(8500)).isCloseTo(0.55 * RATE, within(1e-12));
    }

    @Test
    void withoutWarmUpTheFirstStepHasTheFullRate() {
        LearningRateSchedule schedule =
                LearningRateSchedule.of(
                        new Schedule(ScheduleType.COSINE, 0, 0, 0, 0.0, Course.STAGE),
                        RATE,
                        10_000,
                        100);
        assertThat(schedule.at(0)).isEqualTo(RATE);
    }

    @Test
    void aWarmUpLongerThanTheStageIsRefused() {
        assertThatThrownBy(() -> new LearningRateSchedule.Span(RATE, 0, 0, 11, 0, 10, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /// Re-warming from the last rate of the training before, as in Ibrahim et al. 2024.
    @ParameterizedTest
    @EnumSource(ScheduleType.class)
    void reWarmingRisesFromTheInitialRate(ScheduleType type) {
        LearningRateSchedule schedule =
                LearningRateSchedule.of(
                        new Schedule(type, 0.2, 0.3, 0.1, 0.1, Course.STAGE), RATE, 10_000, 100);
        assertThat(schedule.at(0)).isCloseTo(RATE * (0.1 + 0.9 / 20), within(1e-12));
        assertThat(schedule.at(900)).isCloseTo(0.55 * RATE, within(1e-12));
        assertThat(schedule.at(1900)).isCloseTo(RATE, within(1e-12));
    }

    @Test
    void overPhasesEachPhaseWarmsUpAndDecaysByItself() {
        TrainingStage stage = TinyPlan.stage(2);
        TrainingStage phased =
                StageBuilder.of(stage)
                        .schedule(new Schedule(ScheduleType.COSINE, 0.5, 0, 0.2, 0.1, Course.PHASE))
                        .build();
        LearningRateSchedule schedule = LearningRateSchedule.of(phased);
        double rate = stage.optimizer().learningRate();
        for (int phase = 0; phase < 2; phase++) {
            long first = 6L * phase * stage.globalBatchTokens();
            for (int step = 0; step < 3; step++) {
                assertThat(schedule.at(first + step * stage.globalBatchTokens()))
                        .isCloseTo(rate * (0.1 + 0.9 * (step + 1) / 3), within(1e-12));
            }
            for (int step = 3; step < 6; step++) {
                double cosine = Math.cos(Math.PI * (step - 3) / 3);
                assertThat(schedule.at(first + step * stage.globalBatchTokens()))
                        .isCloseTo(rate * (0.2 + 0.8 * 0.5 * (1 + cosine)), within(1e-12));
            }
        }
        assertThat(schedule.getNewValue(7))
                .isEqualTo((float) schedule.at(7 * stage.globalBatchTokens()));
    }

    @Test
    void overTheStageThePhasesShareOneCourse() {
        LearningRateSchedule schedule = LearningRateSchedule.of(TinyPlan.stage(2));
        assertThat(schedule.at(0)).isCloseTo(1e-2 * 128 / 154, within(1e-12));
        assertThat(schedule.at(8 * 128)).isEqualTo(1e-2);
        assertThat(schedule.at(12 * 128)).isCloseTo(1e-3, within(1e-12));
    }

    private static LearningRateSchedule schedule(ScheduleType type) {
        return LearningRateSchedule.of(
                new Schedule(type, 0.2, 0.3, 0.1, 0.0, Course.STAGE), RATE, 10_000, 100);
    }
}
