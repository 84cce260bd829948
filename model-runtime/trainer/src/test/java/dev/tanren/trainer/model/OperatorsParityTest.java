package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.model.tensor.TensorOperators;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every kind of operators, and heads that make their logits in several chunks, against PyTorch and
/// against each other. The operators for GPUs are the same on the host's tensors.
class OperatorsParityTest {

    private static final List<String> FAMILIES =
            List.of(
                    "llama-llama3-rope",
                    "llama-linear-rope",
                    "mistral-window",
                    "qwen2",
                    "qwen3",
                    "phi3",
                    "gpt2",
                    "gpt2-untied");

    enum Kind {
        LOOPS_IN_CHUNKS,
        TENSORS,
        TENSORS_IN_CHUNKS;

        Operators operators() {
            return switch (this) {
                case LOOPS_IN_CHUNKS -> new HostOperators(1);
                case TENSORS -> new TensorOperators(ComputeDevice.HOST);
                case TENSORS_IN_CHUNKS -> new TensorOperators(ComputeDevice.HOST, 1);
            };
        }
    }

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    static Stream<Arguments> familiesByEveryKind() {
        return FAMILIES.stream()
                .flatMap(
                        family -> Stream.of(Kind.values()).map(kind -> Arguments.of(family, kind)));
    }

    @ParameterizedTest
    @MethodSource("familiesByEveryKind")
    void logitsLossesAndGradientsAreThoseOfPyTorch(String family, Kind kind) {
        try (SecondDecoder again = new SecondDecoder(family, kind.operators(), Precision.FP32);
                Tensor logits = again.uses.logits(again.fixture.batch(0))) {
            double[] expected = again.fixture.numbers("logits");
            assertThat(Numbers.relativeMaximum(Numbers.of(logits), expected)).isLessThan(1e-5);

            MicroBatch batch = again.fixture.batch(0);
            double loss = again.gradientOf(batch, 1.0 / batch.countedTargets());
            double wanted = again.fixture.uses.lossSum(batch);
            assertThat(Math.abs(loss - wanted) / wanted).isLessThan(1e-6);
            assertThat(again.uses.lossSum(batch)).isEqualTo(loss);
            GradientParity.assertThoseOfPyTorch(again.fixture, again.hostGradients());
        }
    }

    /// Of several chunks, one has no target that counts, and the last is short.
    @ParameterizedTest
    @MethodSource("familiesByEveryKind")
    void whereTargetsAreIgnoredGradientsAreThoseOfOneChunk(String family, Kind kind) {
        try (SecondDecoder again = new SecondDecoder(family, kind.operators(), Precision.FP32)) {
            MicroBatch batch = partlyIgnored(again.fixture.batch(0));
            again.fixture.gradients.zero();
            double wanted = again.fixture.uses.train(batch, 0.1);
            double loss = again.gradientOf(batch, 0.1);
            assertThat(Math.abs(loss - wanted) / wanted).isLessThan(1e-6);
            assertThat(Numbers.relativeNorm(again.gradient(), Numbers.of(again.fixture.gradients)))
                    .isLessThan(1e-5);
        }
    }

    private static MicroBatch partlyIgnored(MicroBatch batch) {
        int[] targets = batch.targets().clone();
        for (int i = 0; i < targets.length; i++) {
            if ((i >= 16 && i < 32) || i % 5 == 0) {
                targets[i] = MicroBatch.IGNORED;
            }
        }
        return Targets.of(batch, targets);
    }

    @ParameterizedTest
    @MethodSource("familiesByEveryKind")
    void recomputedActivationsGiveTheSameBits(String family, Kind kind) {
        try (SecondDecoder again = new SecondDecoder(family, kind.operators(), Precision.FP32)) {
            MicroBatch batch = again.fixture.batch(0);
            double loss = again.gradientOf(batch, 0.02);
            double[] gradient = again.gradient();
            for (TrainingStage.Activations policy : TrainingStage.Activations.values()) {
                again.keep(policy);
                assertThat(again.gradientOf(batch, 0.02)).as("%s", policy).isEqualTo(loss);
                assertThat(again.gradient()).as("%s", policy).isEqualTo(gradient);
            }
        }
    }

    /// The slope of the objective, computed from logits as its documentation states it, along a
    /// random direction of the weights.
    @ParameterizedTest
    @MethodSource("familiesByEveryKind")
    void gradientsAreThoseOfTheObjective(String family, Kind kind) {
        Objective objective = new Objective(0.05, 0.2);
        try (SecondDecoder again = new SecondDecoder(family, kind.operators(), Precision.FP32)) {
            MicroBatch batch = partlyIgnored(again.fixture.batch(0));
            again.use(objective);
            again.gradientOf(batch, 0.1);
            double[] gradient = again.gradient();
            float[] direction = direction(gradient);
            double expected = 0;
            for (int i = 0; i < direction.length; i++) {
                expected += direction[i] * gradient[i];
            }
            double step = 1e-2;
            again.shift(direction, step);
            double above = again.value(batch, objective);
            again.shift(direction, -2 * step);
            double below = again.value(batch, objective);
            double slope = 0.1 * (above - below) / (2 * step);
            assertThat(Math.abs(slope - expected) / Math.abs(expected)).isLessThan(5e-3);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"llama-llama3-rope", "mistral-window", "qwen2", "qwen3", "phi3", "gpt2"})
    void tensorsInBf16AreThoseOfFp32WithinTheRounding(String family) {
        try (SecondDecoder again =
                new SecondDecoder(family, Kind.TENSORS.operators(), Precision.BF16)) {
            MicroBatch batch = again.fixture.batch(0);
            double inverse = 1.0 / batch.countedTargets();
            double wanted = again.fixture.uses.train(batch, inverse);
            double loss = again.gradientOf(batch, inverse);
            assertThat(Math.abs(loss - wanted) / wanted).isBetween(1e-8, 0x1p-8);
            assertThat(Numbers.relativeNorm(again.gradient(), Numbers.of(again.fixture.gradients)))
                    .isBetween(1e-5, 0.04);
        }
    }

    /// Along the gradient, so that the slope is far above the rounding, and a little beside it.
    private static float[] direction(double[] gradient) {
        Random random = new Random(5);
        double norm = 0;
        for (double g : gradient) {
            norm += g * g;
        }
        float[] direction = new float[gradient.length];
        for (int i = 0; i < direction.length; i++) {
            direction[i] = (float) (gradient[i] / Math.sqrt(norm) + 1e-3 * random.nextGaussian());
        }
        return direction;
    }
}
