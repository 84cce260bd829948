package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.Conv1d;
import dev.tanren.trainer.model.common.GroupedQueryAttention;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Matrix products and attention on bf16 memory, which round as they go, against those on fp32
/// memory.
class ProductFormatsTest extends TwoFormats {

    /// As evaluations do that measure the mean of the weights too.
    @Test
    void otherWeightsAreRoundedIntoTheSameMatrices() {
        try (Model bf16 = new Model(Format.BFLOAT16);
                FlatBuffer others = FlatBuffer.allocate(layout)) {
            Parameter wide = bf16.get("wide");
            bf16.bind();
            Matrix before = wide.weight();
            bf16.parameters.useWeights(others);
            bf16.parameters.refresh();
            assertThat(wide.weight()).isSameAs(before);
            assertThat(numbers(wide.weight())).containsOnly(0f);
        }
    }

    /// The weight is rounded before a product and the result after it, by up to 2^-9 of itself
    /// each; sums inside are fp32. A sum may be smaller than what it adds, so all is measured by
    /// the largest result.
    @Test
    void productsAreWithinTheRoundingOfTheirFactorsAndResults() {
        assertProductsClose(model -> new Linear(model.get("wide"), null), WIDTH);
        assertProductsClose(
                model ->
                        new Conv1d(
                                model.get("tall"),
                                new Bias(new HostOperators(), model.get("outputs"))),
                WIDTH);
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
        ParameterLayout large = new LayoutBuilder().add("large", 3, 700_000).build();
        GradientScratch scratch = new GradientScratch();
        try (FlatBuffer sum = FlatBuffer.allocate(large)) {
            for (int row = 0; row < 3; row++) {
                sum.segment().setAtIndex(JAVA_FLOAT, row * 700_000L + 5, 1 << row);
            }
            Matrix gradient = Matrix.over(sum.segment(), Format.FLOAT32, 3, 700_000);
            Matrix left = matrices.make(Format.BFLOAT16, 3, 1);
            Matrix right = matrices.make(Format.BFLOAT16, 1, 700_000);
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
                        shape, new HostOperators(), null, window == 0 ? null : window);
        List<AttentionSpan> spans =
                List.of(new AttentionSpan(0, 2, 20), new AttentionSpan(40, 1, 30));
        Matrix heads = model.random(64, 1);
        Matrix outputs = model.matrix(ROWS, 32);
        try (GroupedQueryAttention.Attended attended = attention.forward(heads, spans, true)) {
            attended.copyTo(outputs);
            attention.backward(attended, model.random(32, 2), new int[ROWS], heads);
        }
        return List.of(numbers(outputs), numbers(heads));
    }
}
