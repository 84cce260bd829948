package dev.tanren.trainer.model.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.Format;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Operators on bf16 memory against the same ones on fp32 memory. Whatever takes one pass computes
/// in fp32 arrays, so from the same numbers it makes the same bits, but for the one rounding when
/// they are stored.
class FormatsTest extends TwoFormats {

    private static final Operators OPERATORS = new HostOperators();

    /// What a kernel leaves behind.
    ///
    /// @param stored matrices of the format
    /// @param exact numbers that are fp32 in both
    private record Left(List<Matrix> stored, List<float[]> exact) {}

    private void assertSameButForTheLastRounding(Function<Model, Left> kernel) {
        try (Model fp32 = new Model(Format.FLOAT32);
                Model bf16 = new Model(Format.BFLOAT16)) {
            Left expected = kernel.apply(fp32);
            Left actual = kernel.apply(bf16);
            for (int i = 0; i < expected.stored().size(); i++) {
                assertThat(actual.stored().get(i).format()).isEqualTo(Format.BFLOAT16);
                assertThat(numbers(actual.stored().get(i)))
                        .as("matrix %s", i)
                        .isEqualTo(rounded(numbers(expected.stored().get(i))));
            }
            for (int i = 0; i < expected.exact().size(); i++) {
                assertThat(actual.exact().get(i))
                        .as("figures %s", i)
                        .isEqualTo(expected.exact().get(i));
            }
            assertThat(bf16.gradients()).isEqualTo(fp32.gradients());
        }
    }

    private static float[] rounded(float[] numbers) {
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            rounded[i] = Bfloat16.widen(Bfloat16.round(numbers[i]));
        }
        return rounded;
    }

    @Test
    void normsOfRows() {
        assertSameButForTheLastRounding(
                model -> norm(model, new Norm.Rms(OPERATORS, model.get("gain"), 1e-5)));
        assertSameButForTheLastRounding(
                model ->
                        norm(
                                model,
                                new Norm.Layer(
                                        OPERATORS, model.get("gain"), model.get("bias"), 1e-5)));
    }

    private static Left norm(Model model, Norm norm) {
        model.bind();
        Matrix inputs = model.random(WIDTH, 1);
        Matrix outputs = model.matrix(ROWS, WIDTH);
        Matrix statistics = model.statistics(norm.statistics());
        Matrix gradient = model.random(WIDTH, 2);
        Matrix inputGradient = model.random(WIDTH, 3);
        norm.forward(inputs, outputs, statistics);
        norm.backward(gradient, inputs, statistics, inputGradient);
        return new Left(List.of(outputs, inputGradient), List.of(numbers(statistics)));
    }

    @Test
    void normsOfHeads() {
        assertSameButForTheLastRounding(
                model -> {
                    HeadNorm norm =
                            new HeadNorm(
                                    OPERATORS,
                                    new HeadShape(2, 2, 8),
                                    model.get("query"),
                                    model.get("key"),
                                    1e-6);
                    model.bind();
                    Matrix heads = model.random(64, 1);
                    Matrix raw = model.matrix(ROWS, norm.width());
                    Matrix inverse = model.statistics(norm.heads());
                    Matrix gradient = model.random(64, 2);
                    norm.forward(heads, raw, inverse);
                    norm.backward(gradient, raw, inverse);
                    return new Left(List.of(heads, raw, gradient), List.of(numbers(inverse)));
                });
    }

    @Test
    void activationsOfFeedForwardParts() {
        assertSameButForTheLastRounding(model -> activation(model, Activation.SWIGLU));
        assertSameButForTheLastRounding(model -> activation(model, Activation.GELU_TANH));
    }

    private static Left activation(Model model, Activation activation) {
        Matrix inputs = model.random(WIDTH, 1);
        Matrix outputs = model.matrix(ROWS, activation.outputs(WIDTH));
        activation.forward(OPERATORS, inputs, outputs);
        Matrix gradient = model.random(activation.outputs(WIDTH), 2);
        activation.backward(OPERATORS, gradient, inputs);
        return new Left(List.of(outputs, gradient, inputs), List.of());
    }

    @Test
    void rotations() {
        int[] positions = IntStream.range(0, ROWS).map(n -> n * 7 % 50).toArray();
        assertSameButForTheLastRounding(
                model -> {
                    RotaryAngles angles = new RotaryAngles(RotaryFrequencies.of(16, 1e4, null));
                    Matrix heads = model.random(5 * 16, 1);
                    OPERATORS.rotate(heads, 3, angles, positions);
                    return new Left(List.of(heads), List.of());
                });
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1})
    void crossEntropies(double smoothing) {
        int[] targets = new Random(5).ints(ROWS, 0, 3000).toArray();
        targets[3] = MicroBatch.IGNORED;
        assertSameButForTheLastRounding(
                model -> {
                    Objective objective = new Objective(1e-3, smoothing);
                    Matrix logits = model.random(3000, 1);
                    Losses alone = Losses.of(ROWS);
                    Losses losses = Losses.of(ROWS);
                    OPERATORS.crossEntropy(logits, targets, 0, alone);
                    OPERATORS.crossEntropyAndGradient(logits, targets, 0, losses, objective, 0.3);
                    assertThat(losses.crossEntropies()).isEqualTo(alone.crossEntropies());
                    float[] exact = new float[ROWS];
                    for (int n = 0; n < ROWS; n++) {
                        exact[n] = (float) losses.crossEntropies()[n];
                    }
                    return new Left(List.of(logits), List.of(exact));
                });
    }

    @Test
    void biasesAndTheirGradients() {
        assertSameButForTheLastRounding(
                model -> {
                    Parameter bias = model.get("bias");
                    model.bind();
                    Matrix filled = model.matrix(ROWS, WIDTH);
                    OPERATORS.fillWithBias(bias.weight(), filled);
                    Matrix added = model.matrix(ROWS, WIDTH);
                    OPERATORS.addBias(model.random(WIDTH, 1), bias.weight(), added);
                    OPERATORS.biasBackward(model.random(WIDTH, 2), bias.gradient());
                    return new Left(List.of(filled, added), List.of());
                });
    }

    @Test
    void embeddingsAndTheirGradients() {
        int[] tokens = new Random(5).ints(ROWS, 0, 24).toArray();
        assertSameButForTheLastRounding(
                model -> {
                    Parameter table = model.get("wide");
                    model.bind();
                    Matrix hidden = model.matrix(ROWS, WIDTH);
                    OPERATORS.embed(tokens, table.weight(), hidden);
                    OPERATORS.embedBackward(tokens, model.random(WIDTH, 1), table.gradient());
                    return new Left(List.of(hidden), List.of());
                });
    }
}
