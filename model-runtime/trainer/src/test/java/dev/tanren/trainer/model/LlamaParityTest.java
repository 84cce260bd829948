package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.TrainingStage.WeightDecayOn;
import dev.tanren.trainer.optimizer.AdamW;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.optimizer.LearningRateSchedule;
import dev.tanren.trainer.optimizer.WeightDecay;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Compared with transformers and PyTorch, on a grouped and untied model and on a tied one whose
/// heads are wider than `hidden / heads`.
class LlamaParityTest {

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"grouped-untied", "tied-wide-heads"})
    void logitsAreThoseOfTransformers(String name) {
        try (Fixture fixture = new Fixture(name);
                Tensor logits = fixture.uses.logits(fixture.batch(0))) {
            double[] expected = fixture.numbers("logits");
            double[] actual = Numbers.of(logits);
            int vocabulary = fixture.decoder.architecture().vocabSize();
            assertThat(Numbers.relativeMaximum(actual, expected)).isLessThan(1e-5);
            assertThat(Numbers.meanDivergence(actual, expected, vocabulary)).isLessThan(1e-9);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"grouped-untied", "tied-wide-heads"})
    void everyGradientIsThatOfPyTorch(String name) {
        try (Fixture fixture = new Fixture(name)) {
            MicroBatch batch = fixture.batch(0);
            fixture.uses.train(batch, 1.0 / batch.countedTargets());
            for (ParameterLayout.Entry entry : fixture.decoder.layout().entries()) {
                assertThat(
                                Numbers.relativeNorm(
                                        fixture.parameter(fixture.gradients, entry),
                                        fixture.numbers("gradient." + entry.name())))
                        .as(entry.name())
                        .isLessThan(1e-5);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"grouped-untied", "tied-wide-heads"})
    void twentyStepsHaveTheLossesOfPyTorch(String name) {
        try (Fixture fixture = new Fixture(name);
                AdamW adamW =
                        new AdamW(
                                fixture.decoder.layout().entries(),
                                fixture.weights,
                                new AdamW.Settings(
                                        0.9,
                                        0.95,
                                        1e-8,
                                        new WeightDecay(0.1, WeightDecayOn.MATRICES)))) {
            LearningRateSchedule schedule =
                    new LearningRateSchedule.Cosine(
                            new LearningRateSchedule.Span(2e-3, 0, 0.1, 5, 0, 20, 1));
            double[] curve = fixture.numbers("curve");
            for (int step = 0; step < 20; step++) {
                MicroBatch batch = fixture.batch(step);
                fixture.gradients.zero();
                double loss =
                        fixture.uses.train(batch, 1.0 / batch.countedTargets())
                                / batch.countedTargets();
                double norm = GradientNorm.l2(fixture.gradients);
                double rate = schedule.at(step);
                adamW.step(fixture.gradients, step + 1L, rate, GradientNorm.clippingScale(norm, 1));

                assertThat(loss)
                        .as("loss %s", step)
                        .isCloseTo(curve[3 * step], relative(curve[3 * step], 1e-5));
                assertThat(norm)
                        .as("norm %s", step)
                        .isCloseTo(curve[3 * step + 1], relative(curve[3 * step + 1], 1e-4));
                assertThat(rate).isCloseTo(curve[3 * step + 2], within(1e-12));
            }
        }
    }

    private static org.assertj.core.data.Offset<Double> relative(
            double expected, double tolerance) {
        return within(Math.abs(expected) * tolerance);
    }
}
