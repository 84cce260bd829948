package dev.tanren.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.spec.plan.TrainingStage.Course;
import dev.tanren.spec.plan.TrainingStage.Schedule;
import dev.tanren.spec.plan.TrainingStage.ScheduleType;
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
        assertThatThrownBy(() -> new LearningRateSchedule.Span(RATE, 0, 11, 0, 10, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static LearningRateSchedule schedule(ScheduleType type) {
        return LearningRateSchedule.of(
                new Schedule(type, 0.2, 0.3, 0.1, 0.0, Course.STAGE), RATE, 10_000, 100);
    }
}
