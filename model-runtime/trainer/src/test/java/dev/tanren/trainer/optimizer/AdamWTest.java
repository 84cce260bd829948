package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.TrainingStage.WeightDecayOn;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class AdamWTest {

    private static final ParameterLayout LAYOUT =
            new LayoutBuilder().add("matrix", 601, 407).add("norm", 33).build();

    private final List<FlatBuffer> buffers = new ArrayList<>();
    private final List<AdamW> optimizers = new ArrayList<>();

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @AfterEach
    void free() {
        optimizers.forEach(AdamW::close);
        buffers.forEach(FlatBuffer::close);
    }

    @Test
    void oneStepIsTheFormulaOfThePaper() {
        FlatBuffer weights = random(1);
        FlatBuffer gradient = random(2);
        float matrix = weights.segment().getAtIndex(JAVA_FLOAT, 5);
        float norm = weights.segment().getAtIndex(JAVA_FLOAT, 601 * 407 + 5);
        adamW(weights).step(gradient, 1, 0.01, 0.5);

        assertThat((double) weights.segment().getAtIndex(JAVA_FLOAT, 5))
                .isCloseTo(expected(matrix, gradient, 5, 0.1), within(1e-6));
        assertThat((double) weights.segment().getAtIndex(JAVA_FLOAT, 601 * 407 + 5))
                .isCloseTo(expected(norm, gradient, 601 * 407 + 5, 0), within(1e-6));
    }

    /// With corrected moments of a first step, which are the gradient and its square.
    private static double expected(float weight, FlatBuffer gradient, long index, double decay) {
        double g = 0.5 * gradient.segment().getAtIndex(JAVA_FLOAT, index);
        return weight * (1 - 0.01 * decay) - 0.01 * g / (Math.abs(g) + 1e-8);
    }

    @Test
    void bitsDoNotDependOnThreads() {
        ComputeThreads.configure(1);
        FlatBuffer one = random(1);
        double norm = GradientNorm.l2(one);
        train(one);
        ComputeThreads.configure(3);
        FlatBuffer three = random(1);
        assertThat(GradientNorm.l2(three)).isEqualTo(norm);
        train(three);
        assertThat(three.segment().mismatch(one.segment())).isEqualTo(-1);
        ComputeThreads.configure(2);
    }

    @Test
    void theNormIsThatOfAllElements() {
        FlatBuffer gradient = random(4);
        double sum = 0;
        for (long i = 0; i < gradient.elements(); i++) {
            double g = gradient.segment().getAtIndex(JAVA_FLOAT, i);
            sum += g * g;
        }
        assertThat(GradientNorm.l2(gradient)).isCloseTo(Math.sqrt(sum), within(1e-9));
    }

    @Test
    void clippingLeavesSmallGradientsAlone() {
        assertThat(GradientNorm.clippingScale(0.5, 1)).isEqualTo(1);
        assertThat(GradientNorm.clippingScale(4, 1)).isCloseTo(0.25, within(1e-6));
    }

    private void train(FlatBuffer weights) {
        AdamW adamW = adamW(weights);
        for (int step = 1; step <= 3; step++) {
            adamW.step(random(step), step, 0.01, 1);
        }
    }

    private AdamW adamW(FlatBuffer weights) {
        AdamW adamW =
                new AdamW(
                        LAYOUT.entries(),
                        weights,
                        new AdamW.Settings(
                                0.9, 0.95, 1e-8, new WeightDecay(0.1, WeightDecayOn.MATRICES)));
        optimizers.add(adamW);
        return adamW;
    }

    private FlatBuffer fresh() {
        FlatBuffer buffer = FlatBuffer.allocate(LAYOUT);
        buffers.add(buffer);
        return buffer;
    }

    private FlatBuffer random(int seed) {
        FlatBuffer buffer = fresh();
        SplittableRandom random = new SplittableRandom(seed);
        for (long i = 0; i < buffer.elements(); i++) {
            buffer.segment().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return buffer;
    }
}
