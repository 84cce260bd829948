package dev.tanren.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Course;
import dev.tanren.plan.TrainingStage.Schedule;
import dev.tanren.plan.TrainingStage.ScheduleType;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.rank.TinyPlan;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertThat(schedule(ScheduleType.CONSTANT).at(9_900)).isEqualTo(RATE);
        for (ScheduleType type : FALLING) {
            assertThat(schedule(type).at(9_900)).as("%s", type).isCloseTo(RATE / 10, within(1e-12));
            assertThat(schedule(type).at(50_000))
                    .as("%s", type)
                    .isCloseTo(RATE / 10, within(1e-12));
        }
    }

    @Test
    void halfWayDownLinearAndCosineAreInTheMiddle() {
        assertThat(schedule(ScheduleType.LINEAR).at(5900)).isCloseTo(0.55 * RATE, within(1e-12));
        assertThat(schedule(ScheduleType.COSINE).at(5900)).isCloseTo(0.55 * RATE, within(1e-12));
        assertThat(schedule(ScheduleType.COSINE).at(3900))
                .isCloseTo(RATE * (0.1 + 0.9 * 0.5 * (1 + Math.sqrt(0.5))), within(1e-12));
    }

    @Test
    void warmupStableDecayHoldsItsRateUntilTheDecay() {
        LearningRateSchedule schedule = schedule(ScheduleType.WARMUP_STABLE_DECAY);
        assertThat(schedule.at(6900)).isEqualTo(RATE);
        assertThat(schedule.at(7000)).isCloseTo(RATE * (1 - 0.9 / 30), within(1e-12));
        assertThat(schedule.at(8400)).isCloseTo(0.55 * RATE, within(1e-12));
    }

    /// As torchtitan's `linear_warmup_stable_decay` with 2 steps of warm-up and 5 of decay has it.
    @Test
    void theLastOfTenStepsHasTheMinimum() {
        assertThat(tenSteps(ScheduleType.WARMUP_STABLE_DECAY, 0.2, 0.5))
                .containsExactly(
                        new double[] {.5, 1, 1, 1, 1, .82, .64, .46, .28, .1}, within(1e-12));
        assertThat(tenSteps(ScheduleType.LINEAR, 0.2, 0))
                .containsExactly(
                        new double[] {.5, 1, .8875, .775, .6625, .55, .4375, .325, .2125, .1},
                        within(1e-12));
        double[] cosine = tenSteps(ScheduleType.COSINE, 0.2, 0);
        assertThat(cosine[1]).isEqualTo(1);
        assertThat(cosine[5]).isCloseTo(0.55, within(1e-12));
        assertThat(cosine[9]).isCloseTo(0.1, within(1e-12));
        assertThat(tenSteps(ScheduleType.CONSTANT, 0.2, 0.5))
                .containsExactly(new double[] {.5, 1, 1, 1, 1, 1, 1, 1, 1, 1}, within(1e-12));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.05, 0.001})
    void aDecayOfAStepOrLessFalls(double decay) {
        assertThat(tenSteps(ScheduleType.WARMUP_STABLE_DECAY, 0.2, decay))
                .containsExactly(new double[] {.5, 1, 1, 1, 1, 1, 1, 1, 1, .1}, within(1e-12));
    }

    @Test
    void withoutADecayNothingFalls() {
        assertThat(tenSteps(ScheduleType.WARMUP_STABLE_DECAY, 0, 0)).containsOnly(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = ScheduleType.class,
            names = {"LINEAR", "COSINE"})
    void withoutWarmUpTheFirstStepHasBegunToFall(ScheduleType type) {
        double[] rates = tenSteps(type, 0, 0);
        double fallen =
                type == ScheduleType.LINEAR ? 0.1 : 0.5 - 0.5 * StrictMath.cos(Math.PI / 10);
        assertThat(rates[0]).isCloseTo(1 - 0.9 * fallen, within(1e-12));
        assertThat(rates[9]).isCloseTo(0.1, within(1e-12));
    }

    /// 1,100 tokens in steps of 128 are 9 steps, the last of them whole.
    @ParameterizedTest
    @EnumSource(Course.class)
    void theLastStepOfARoundedUpNumberOfTokensHasTheMinimum(Course over) {
        for (ScheduleType type : FALLING) {
            TrainingStage tiny = TinyPlan.stage(2);
            TrainingStage.Phase first = tiny.phases().getFirst();
            TrainingStage.Phase rounded =
                    new TrainingStage.Phase(
                            "rounded", first.sequenceLength(), 1100, first.mix(), null);
            TrainingStage stage =
                    StageBuilder.of(tiny)
                            .phases(first, rounded)
                            .schedule(new Schedule(type, 0.2, 0.3, 0.1, 0.0, over))
                            .build();
            Timetable.Entry entry = Timetable.of(stage).of("rounded");
            assertThat(entry.steps()).isEqualTo(9);
            LearningRateSchedule schedule = LearningRateSchedule.of(stage, Timetable.of(stage));
            double rate = stage.optimizer().learningRate();
            long batch = stage.globalBatchTokens();
            assertThat(schedule.at((entry.lastStep() - 1) * batch))
                    .as("%s", type)
                    .isCloseTo(rate / 10, within(1e-12));
            assertThat(schedule.at((entry.firstStep() - 2) * batch))
                    .as("%s, last step of the first phase", type)
                    .satisfies(
                            last -> {
                                if (over == Course.PHASE) {
                                    assertThat(last).isCloseTo(rate / 10, within(1e-12));
                                } else {
                                    assertThat(last).isGreaterThan(rate / 4);
                                }
                            });
        }
    }

    /// Of phases of 6, 4 and 5 steps the second is left out: 11 steps run.
    @Test
    void aPhaseThatIsLeftOutHasNoPartInTheCourse() {
        TrainingStage stage =
                StageBuilder.small()
                        .phases(
                                StageBuilder.phase("a", 16, 6 * 64),
                                StageBuilder.phase("b", 16, 4 * 64),
                                StageBuilder.phase("c", 16, 5 * 64))
                        .schedule(new Schedule(ScheduleType.LINEAR, 0, 0, 0.0, 0.0, Course.STAGE))
                        .build();
        Timetable timetable = Timetable.of(stage).without(List.of("b"));
        LearningRateSchedule schedule = LearningRateSchedule.of(stage, timetable);
        double rate = stage.optimizer().learningRate();
        assertThat(timetable.of("c").firstStep()).isEqualTo(11);
        assertThat(timetable.stepsBefore(11)).isEqualTo(6);
        assertThat(schedule.at(timetable.stepsBefore(11) * 64))
                .isCloseTo(rate * 4 / 11, within(1e-12));
        assertThat(schedule.at(timetable.stepsBefore(15) * 64)).isCloseTo(0, within(1e-12));
    }

    private static final List<ScheduleType> FALLING =
            List.of(ScheduleType.LINEAR, ScheduleType.COSINE, ScheduleType.WARMUP_STABLE_DECAY);

    /// Rates of ten steps as fractions of the full one, with a minimum of a tenth.
    private static double[] tenSteps(ScheduleType type, double warmup, double decay) {
        LearningRateSchedule schedule =
                LearningRateSchedule.of(
                        new Schedule(type, warmup, decay, 0.1, 0.0, Course.STAGE),
                        RATE,
                        10_000,
                        1000);
        return IntStream.range(0, 10)
                .mapToDouble(step -> schedule.at(step * 1000L) / RATE)
                .toArray();
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
        LearningRateSchedule schedule = LearningRateSchedule.of(phased, Timetable.of(phased));
        double rate = stage.optimizer().learningRate();
        for (int phase = 0; phase < 2; phase++) {
            long first = 6L * phase * stage.globalBatchTokens();
            for (int step = 0; step < 3; step++) {
                assertThat(schedule.at(first + step * stage.globalBatchTokens()))
                        .isCloseTo(rate * (0.1 + 0.9 * (step + 1) / 3), within(1e-12));
            }
            for (int step = 3; step < 6; step++) {
                double cosine = Math.cos(Math.PI * (step - 2) / 3);
                assertThat(schedule.at(first + step * stage.globalBatchTokens()))
                        .isCloseTo(rate * (0.2 + 0.8 * 0.5 * (1 + cosine)), within(1e-12));
            }
        }
        assertThat(schedule.getNewValue(7))
                .isEqualTo((float) schedule.at(7 * stage.globalBatchTokens()));
    }

    @Test
    void overTheStageThePhasesShareOneCourse() {
        LearningRateSchedule schedule =
                LearningRateSchedule.of(TinyPlan.stage(2), Timetable.of(TinyPlan.stage(2)));
        assertThat(schedule.at(0)).isCloseTo(1e-2 * 128 / 154, within(1e-12));
        assertThat(schedule.at(8 * 128)).isEqualTo(1e-2);
        assertThat(schedule.at(11 * 128)).isCloseTo(1e-3, within(1e-12));
    }

    private static LearningRateSchedule schedule(ScheduleType type) {
        return LearningRateSchedule.of(
                new Schedule(type, 0.2, 0.3, 0.1, 0.0, Course.STAGE), RATE, 10_000, 100);
    }
}
