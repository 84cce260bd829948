package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Averaging;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.TrainingStage.Otherwise;
import dev.tanren.plan.TrainingStage.Phase;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Means of weights against those computed by hand in double precision.
class WeightAverageTest {

    private static final ParameterLayout LAYOUT =
            new LayoutBuilder().add("matrix", 7, 5).add("norm", 5).build();

    /// Ten steps, of which the second, fourth and so on are checkpoints.
    private static final TrainingStage STAGE = StageBuilder.small().saving(2, 3).build();

    private static final int STEPS = 10;

    /// Of a sum of some numbers of magnitude 1.
    private static final double ROUNDING = 1e-6;

    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @AfterEach
    void free() throws Exception {
        for (AutoCloseable buffer : open) {
            buffer.close();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.9, 0.5, 0.25, 0})
    void anExponentialMeanKeepsItsDecayOfWhatItWasAndTakesTheRestOfTheWeights(double decay) {
        WeightAverage average = begun(new Averaging.Exponential(decay), STAGE);
        double[] expected = numbers(weights(0));
        for (int step = 1; step <= STEPS; step++) {
            FlatBuffer weights = weights(step);
            average.after(step, weights, true);
            double[] now = numbers(weights);
            for (int i = 0; i < expected.length; i++) {
                expected[i] = decay * expected[i] + (1 - decay) * now[i];
            }
            assertThat(numbers(average.weights()))
                    .as("step %s", step)
                    .containsExactly(expected, within(ROUNDING));
        }
        assertThat(average.taken()).isEqualTo(STEPS);
    }

    @Test
    void aStepThatWasNotAppliedLeavesAnExponentialMeanAsItIs() {
        WeightAverage average = begun(new Averaging.Exponential(0.8), STAGE);
        average.after(1, weights(1), true);
        double[] before = numbers(average.weights());
        average.after(2, weights(2), false);
        assertThat(numbers(average.weights())).isEqualTo(before);
        assertThat(average.taken()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void aMeanOfTheLastCheckpointsIsOfThoseAlone(int checkpoints) {
        WeightAverage average = trained(new Averaging.Last(checkpoints), STAGE);
        assertThat(numbers(average.weights()))
                .containsExactly(
                        mean(
                                LongStream.of(2, 4, 6, 8, 10)
                                        .skip(5 - checkpoints)
                                        .mapToInt(Math::toIntExact)
                                        .toArray()),
                        within(ROUNDING));
        assertThat(average.taken()).isEqualTo(checkpoints);
    }

    @Test
    void whereThereAreFewerCheckpointsThanAskedForTheMeanIsOfAllOfThem() {
        TrainingStage stage = StageBuilder.small().saving(4, 3).build();
        WeightAverage average = trained(new Averaging.Last(7), stage);
        assertThat(numbers(average.weights())).containsExactly(mean(4, 8, 10), within(ROUNDING));
        assertThat(average.taken()).isEqualTo(3);
    }

    @Test
    void theLastStepOfEachPhaseIsACheckpointToo() {
        TrainingStage stage =
                StageBuilder.small()
                        .phases(
                                StageBuilder.phase("short", 16, 3 * 64),
                                StageBuilder.phase("long", 32, 7 * 64))
                        .saving(8, 3)
                        .build();
        WeightAverage average = trained(new Averaging.Last(3), stage);
        assertThat(numbers(average.weights())).containsExactly(mean(3, 8, 10), within(ROUNDING));
    }

    /// Phases of six and four steps; the second is left out, so the stage ends with step 6.
    @Test
    void whereTheLastPhaseIsLeftOutTheMeanIsOfTheLastCheckpointsOfThoseThatRan() {
        WeightAverage average = begun(new Averaging.Last(2), skippable());
        for (int step = 1; step <= 6; step++) {
            average.after(step, weights(step), true);
        }
        assertThat(numbers(average.weights())).containsExactly(mean(4, 6), within(ROUNDING));
        assertThat(average.taken()).isEqualTo(2);
    }

    @Test
    void whereItRunsTheMeanIsOfItsCheckpoints() {
        WeightAverage average = trained(new Averaging.Last(2), skippable());
        assertThat(numbers(average.weights())).containsExactly(mean(8, 10), within(ROUNDING));
        assertThat(average.taken()).isEqualTo(2);
    }

    private static TrainingStage skippable() {
        Phase last = StageBuilder.phase("long", 32, 4 * 64);
        return StageBuilder.small()
                .phases(
                        StageBuilder.phase("short", 16, 6 * 64),
                        new Phase(
                                last.id(),
                                last.sequenceLength(),
                                last.tokens(),
                                last.mix(),
                                new EntryCondition("code.loss", 1.0, null, Otherwise.SKIP)))
                .saving(2, 3)
                .build();
    }

    @Test
    void untilTheFirstOfTheLastCheckpointsItIsTheWeightsThemselves() {
        WeightAverage average = begun(new Averaging.Last(1), STAGE);
        for (int step = 1; step < STEPS; step++) {
            average.after(step, weights(step), true);
            average.refresh(weights(step));
            assertThat(numbers(average.weights()))
                    .as("step %s", step)
                    .isEqualTo(numbers(weights(step)));
        }
        average.after(STEPS, weights(STEPS), true);
        average.refresh(weights(1));
        assertThat(numbers(average.weights())).isEqualTo(numbers(weights(STEPS)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9})
    void oneThatGoesOnFromACheckpointHasTheBitsOfOneThatNeverStopped(int stoppedAfter) {
        for (Averaging averaging : List.of(new Averaging.Exponential(0.7), new Averaging.Last(3))) {
            WeightAverage whole = trained(averaging, STAGE);
            WeightAverage before = begun(averaging, STAGE);
            for (int step = 1; step <= stoppedAfter; step++) {
                before.after(step, weights(step), true);
            }
            before.refresh(weights(stoppedAfter));

            WeightAverage after = allocated(averaging, STAGE);
            after.weights().copyFrom(before.weights());
            after.resume(before.taken());
            for (int step = stoppedAfter + 1; step <= STEPS; step++) {
                after.after(step, weights(step), true);
            }
            assertThat(after.weights().segment().mismatch(whole.weights().segment()))
                    .as("%s", averaging)
                    .isEqualTo(-1);
            assertThat(after.taken()).isEqualTo(whole.taken());
        }
    }

    /// After all steps, each of which was applied.
    private WeightAverage trained(Averaging averaging, TrainingStage stage) {
        WeightAverage average = begun(averaging, stage);
        for (int step = 1; step <= STEPS; step++) {
            average.after(step, weights(step), true);
        }
        return average;
    }

    private WeightAverage begun(Averaging averaging, TrainingStage stage) {
        WeightAverage average = allocated(averaging, stage);
        average.begin(weights(0));
        return average;
    }

    private WeightAverage allocated(Averaging averaging, TrainingStage stage) {
        WeightAverage average =
                WeightAverage.allocate(averaging, stage, Timetable.of(stage), LAYOUT);
        open.add(average);
        return average;
    }

    /// Those at the end of a step, and of step 0 those that the stage begins with.
    private FlatBuffer weights(int step) {
        FlatBuffer buffer = FlatBuffer.allocate(LAYOUT);
        open.add(buffer);
        SplittableRandom random = new SplittableRandom(step);
        for (long i = 0; i < buffer.elements(); i++) {
            buffer.segment().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return buffer;
    }

    private double[] mean(int... steps) {
        double[] mean = new double[(int) LAYOUT.elements()];
        for (int step : steps) {
            double[] weights = numbers(weights(step));
            Arrays.setAll(mean, i -> mean[i] + weights[i] / steps.length);
        }
        return mean;
    }

    private static double[] numbers(FlatBuffer buffer) {
        return IntStream.range(0, (int) buffer.elements())
                .mapToDouble(i -> buffer.segment().getAtIndex(JAVA_FLOAT, i))
                .toArray();
    }
}
