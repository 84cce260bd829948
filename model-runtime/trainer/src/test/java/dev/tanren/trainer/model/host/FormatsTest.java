package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.plan.Objective;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Conv1d;
import dev.tanren.trainer.model.common.CrossEntropy;
import dev.tanren.trainer.model.common.GroupedQueryAttention;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Kernels on bf16 memory against the same kernels on fp32 memory. Whatever takes one pass computes
/// in fp32 arrays, so from the same numbers it makes the same bits, but for the one rounding when
/// they are stored.
class FormatsTest {

    /// More than a block of rows, and more columns than one tile of the conversion.
    private static final int ROWS = 70;

    private static final int WIDTH = 1040;

    private final PointerScope scope = new PointerScope();
    private final Activations activations = new Activations(new HostKernels());
    private final Random random = new Random(3);
    private final ParameterLayout layout =
            ParameterLayout.builder()
                    .add("gain", WIDTH)
                    .add("bias", WIDTH)
                    .add("query", 8)
                    .add("key", 8)
                    .add("outputs", 24)
                    .add("wide", 24, WIDTH)
                    .add("tall", WIDTH, 24)
                    .build();
    private final FlatBuffer weights = FlatBuffer.allocate(layout);
    private int names;

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @BeforeEach
    void fill() {
        for (long i = 0; i < layout.elements(); i++) {
            weights.segment().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
    }

    @AfterEach
    void free() {
        activations.close();
        weights.close();
        scope.close();
    }

    /// The parameters of one format, with gradients of their own.
    private final class Model implements AutoCloseable {
        final Format format;
        final ParameterSet parameters;
        final FlatBuffer gradients = FlatBuffer.allocate(layout);

        Model(Format format) {
            this.format = format;
            parameters = new ParameterSet(layout, format, new HostKernels());
        }

        Parameter get(String name) {
            return parameters.get(name);
        }

        void bind() {
            parameters.useWeights(weights);
            parameters.useGradients(gradients);
            parameters.refresh();
        }

        Matrix matrix(int rows, int columns) {
            return activations.matrix("" + names++, format, rows, columns);
        }

        Matrix statistics(int columns) {
            return activations.matrix("" + names++, Format.FLOAT32, ROWS, columns);
        }

        /// Random numbers that bf16 has, the same for both formats and each seed.
        Matrix random(int columns, long seed) {
            Matrix matrix = matrix(ROWS, columns);
            Random numbers = new Random(seed);
            float[] row = new float[columns];
            for (int n = 0; n < ROWS; n++) {
                for (int i = 0; i < columns; i++) {
                    row[i] = Bfloat16.widen(Bfloat16.round((float) numbers.nextGaussian()));
                }
                Rows.write(row, matrix, n);
            }
            return matrix;
        }

        float[] gradients() {
            return gradients.segment().toArray(JAVA_FLOAT);
        }

        @Override
        public void close() {
            parameters.close();
            gradients.close();
        }
    }

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

    private static float[] numbers(Matrix matrix) {
        float[] all = new float[matrix.rows() * matrix.columns()];
        float[] row = new float[matrix.columns()];
        for (int n = 0; n < matrix.rows(); n++) {
            Rows.read(matrix, n, row);
            System.arraycopy(row, 0, all, n * row.length, row.length);
        }
        return all;
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
        assertSameButForTheLastRounding(model -> norm(model, new RmsNorm(model.get("gain"), 1e-5)));
        assertSameButForTheLastRounding(
                model -> norm(model, new LayerNorm(model.get("gain"), model.get("bias"), 1e-5)));
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
                            new HostHeadNorm(4, 2, model.get("query"), model.get("key"), 1e-6);
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
        assertSameButForTheLastRounding(model -> activation(model, new SwiGlu(WIDTH / 2)));
        assertSameButForTheLastRounding(model -> activation(model, new GeluTanh(WIDTH)));
    }

    private static Left activation(Model model, Activation activation) {
        Matrix inputs = model.random(WIDTH, 1);
        Matrix outputs = model.matrix(ROWS, activation.outputs(WIDTH));
        activation.forward(inputs, outputs);
        Matrix gradient = model.random(activation.outputs(WIDTH), 2);
        activation.backward(gradient, inputs);
        return new Left(List.of(outputs, gradient, inputs), List.of());
    }

    @Test
    void rotations() {
        int[] positions = IntStream.range(0, ROWS).map(n -> n * 7 % 50).toArray();
        assertSameButForTheLastRounding(
                model -> {
                    RotaryEmbedding rotary =
                            new HostRotaryEmbedding(RotaryFrequencies.of(16, 1e4, null));
                    Matrix heads = model.random(5 * 16, 1);
                    rotary.rotate(heads, 3, positions);
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
                    CrossEntropy crossEntropy = new HostCrossEntropy(3000);
                    crossEntropy.use(new Objective(1e-3, smoothing));
                    Matrix logits = model.random(3000, 1);
                    double[] alone = new double[ROWS];
                    double[] losses = new double[ROWS];
                    crossEntropy.losses(logits, targets, 0, alone);
                    crossEntropy.lossesAndGradient(logits, targets, 0, losses, 0.3);
                    assertThat(losses).isEqualTo(alone);
                    float[] exact = new float[ROWS];
                    for (int n = 0; n < ROWS; n++) {
                        exact[n] = (float) losses[n];
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
                    new HostBias(bias).fill(filled);
                    Matrix added = model.matrix(ROWS, WIDTH);
                    new HostBias(bias).copyWith(model.random(WIDTH, 1), added);
                    new HostBias(bias).addGradient(model.random(WIDTH, 2));
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
                    new HostEmbedding().forward(tokens, table.weight(), hidden);
                    new HostEmbedding().backward(tokens, model.random(WIDTH, 1), table.gradient());
                    return new Left(List.of(hidden), List.of());
                });
    }

    /// The weight is rounded before a product and the result after it, by up to 2^-9 of itself
    /// each; sums inside are fp32. A sum may be smaller than what it adds, so all is measured by
    /// the largest result.
    @Test
    void productsAreWithinTheRoundingOfTheirFactorsAndResults() {
        assertProductsClose(model -> new Linear(model.get("wide"), null), WIDTH);
        assertProductsClose(
                model -> new Conv1d(model.get("tall"), new HostBias(model.get("outputs"))), WIDTH);
    }

    private void assertProductsClose(Function<Model, Projection> projection, int inputs) {
        try (Model fp32 = new Model(Format.FLOAT32);
                Model bf16 = new Model(Format.BFLOAT16)) {
            List<float[]> expected = products(fp32, projection, inputs);
            List<float[]> actual = products(bf16, projection, inputs);
            for (int i = 0; i < expected.size(); i++) {
                float largest = largest(expected.get(i));
                float[] difference = new float[expected.get(i).length];
                for (int j = 0; j < difference.length; j++) {
                    difference[j] = actual.get(i)[j] - expected.get(i)[j];
                }
                assertThat(largest(difference) / largest).as("product %s", i).isLessThan(0x1p-7f);
                assertThat(largest(difference)).as("rounded %s", i).isPositive();
            }
        }
    }

    private static List<float[]> products(
            Model model, Function<Model, Projection> making, int inputs) {
        Projection projection = making.apply(model);
        model.bind();
        int outputs = projection.outputs();
        Matrix x = model.random(inputs, 1);
        Matrix y = model.matrix(ROWS, outputs);
        Matrix onto = model.matrix(ROWS, outputs);
        Matrix gradient = model.random(outputs, 2);
        Matrix inputGradient = model.matrix(ROWS, inputs);
        projection.forward(x, y);
        projection.forwardOnto(model.random(outputs, 3), x, onto);
        projection.inputGradient(gradient, inputGradient);
        projection.parameterGradient(gradient, x);
        projection.parameterGradient(gradient, x);
        return List.of(numbers(y), numbers(onto), numbers(inputGradient), model.gradients());
    }

    private static float largest(float[] numbers) {
        float largest = 0;
        for (float number : numbers) {
            largest = Math.max(largest, Math.abs(number));
        }
        return largest;
    }

    /// Also of a gradient with more rows than are made at once.
    @Test
    void productsAreAddedToGradientsInFullPrecision() {
        ParameterLayout large = ParameterLayout.builder().add("large", 3, 700_000).build();
        try (FlatBuffer sum = FlatBuffer.allocate(large);
                GradientScratch scratch = new GradientScratch()) {
            for (int row = 0; row < 3; row++) {
                sum.segment().setAtIndex(JAVA_FLOAT, row * 700_000L + 5, 1 << row);
            }
            Matrix gradient = Matrix.over(sum.segment(), Format.FLOAT32, 3, 700_000);
            Matrix left = activations.matrix("left", Format.BFLOAT16, 3, 1);
            Matrix right = activations.matrix("right", Format.BFLOAT16, 1, 700_000);
            float[] ones = new float[700_000];
            Arrays.fill(ones, 0x1p-10f);
            Rows.write(ones, right, 0);
            for (int row = 0; row < 3; row++) {
                Rows.write(new float[] {row + 1}, left, row);
            }
            scratch.add(gradient, left.tensor(), right.tensor());
            for (int row = 0; row < 3; row++) {
                // bf16 has 8 bits of precision, so it would lose this addend.
                assertThat(Rows.get(gradient, row, 5)).isEqualTo((1 << row) + (row + 1) * 0x1p-10f);
                assertThat(Rows.get(gradient, row, 699_999)).isEqualTo((row + 1) * 0x1p-10f);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void attentionIsCloseToThatInFp32(int window) {
        try (Model fp32 = new Model(Format.FLOAT32);
                Model bf16 = new Model(Format.BFLOAT16)) {
            List<float[]> expected = attended(fp32, window);
            List<float[]> actual = attended(bf16, window);
            for (int i = 0; i < expected.size(); i++) {
                double difference = 0;
                double norm = 0;
                for (int j = 0; j < expected.get(i).length; j++) {
                    difference += Math.pow(actual.get(i)[j] - expected.get(i)[j], 2);
                    norm += Math.pow(expected.get(i)[j], 2);
                }
                assertThat(Math.sqrt(difference / norm)).as("%s", i).isBetween(1e-6, 0x1p-6);
            }
        }
    }

    private static List<float[]> attended(Model model, int window) {
        HeadShape shape = new HeadShape(2, 2, 8);
        GroupedQueryAttention attention =
                new GroupedQueryAttention(
                        shape, new HostKernels().headGradients(shape), window == 0 ? null : window);
        List<AttentionSpan> spans =
                List.of(new AttentionSpan(0, 2, 20), new AttentionSpan(40, 1, 30));
        Matrix heads = model.random(64, 1);
        Matrix outputs = model.matrix(ROWS, 32);
        attention.forward(heads, spans, true, outputs);
        float[] made = numbers(outputs);
        attention.backward(model.random(32, 2), new int[ROWS], heads);
        return List.of(made, numbers(heads));
    }
}
