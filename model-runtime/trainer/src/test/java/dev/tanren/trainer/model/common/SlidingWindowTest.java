package dev.tanren.trainer.model.common;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Windows over sequences of several blocks, which the small models of the parity tests have not.
class SlidingWindowTest {

    private static final int HEADS = 4;
    private static final int KEYS = 2;
    private static final int SIZE = 8;
    private static final int WIDTH = (HEADS + 2 * KEYS) * SIZE;

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 70",
        "3, 130",
        "63, 200",
        "64, 64",
        "65, 66",
        "100, 257",
        "300, 290",
        "300, 700"
    })
    void eachPlaceSeesItselfAndThoseBeforeItInsideTheWindow(int window, int length) {
        GroupedQueryAttention attention = attention(window);
        AttentionSpan span = new AttentionSpan(0, 2, length);
        try (Matrices matrices = new Matrices();
                PointerScope _ = new PointerScope()) {
            Matrix heads = random(matrices, 5, 2 * length, WIDTH);
            Matrix outputs = matrices.make(Format.FLOAT32, 2 * length, HEADS * SIZE);
            attend(attention, heads, List.of(span), outputs);
            for (int row = 0; row < 2; row++) {
                for (int place : new int[] {0, length / 2, length - 1}) {
                    for (int head = 0; head < HEADS; head++) {
                        float[] expected = attend(heads, row * length, place, head, window);
                        for (int d = 0; d < SIZE; d++) {
                            float actual = at(outputs, row * length + place, head * SIZE + d);
                            assertThat((double) Math.abs(actual - expected[d])).isLessThan(1e-5);
                        }
                    }
                }
            }
        }
    }

    @Test
    void gradientsAreThoseOfSmallDifferences() {
        int length = 150;
        GroupedQueryAttention attention = attention(20);
        List<AttentionSpan> spans = List.of(new AttentionSpan(0, 1, length));
        int[] positions = IntStream.range(0, length).toArray();
        try (Matrices matrices = new Matrices();
                PointerScope _ = new PointerScope()) {
            Matrix heads = random(matrices, 5, length, WIDTH);
            Matrix outputs = matrices.make(Format.FLOAT32, length, HEADS * SIZE);
            Matrix weights = random(matrices, 7, length, HEADS * SIZE);
            Matrix gradient = matrices.make(Format.FLOAT32, length, WIDTH);
            gradient.segment().copyFrom(heads.segment());
            try (GroupedQueryAttention.Attended attended =
                    attention.forward(gradient, spans, true)) {
                attention.backward(attended, weights, positions, gradient);
            }
            for (int place : new int[] {0, 19, 20, 63, 64, 83, 84, 149}) {
                for (int column : new int[] {1, 35, 44, 50, 63}) {
                    double slope =
                            (shifted(
                                                    attention, heads, spans, outputs, weights,
                                                    place, column, 1e-2f)
                                            - shifted(
                                                    attention, heads, spans, outputs, weights,
                                                    place, column, -1e-2f))
                                    / 2e-2;
                    assertThat(Math.abs(at(gradient, place, column) - slope))
                            .as("%s, %s", place, column)
                            .isLessThan(2e-3);
                }
            }
        }
    }

    private static GroupedQueryAttention attention(int window) {
        HeadShape shape = new HeadShape(KEYS, HEADS / KEYS, SIZE);
        return new GroupedQueryAttention(shape, new HostOperators(), null, window);
    }

    private static void attend(
            GroupedQueryAttention attention,
            Matrix heads,
            List<AttentionSpan> spans,
            Matrix outputs) {
        try (GroupedQueryAttention.Attended attended = attention.forward(heads, spans, false)) {
            attended.copyTo(outputs);
        }
    }

    /// The weighted sum of the outputs with one input changed.
    private static double shifted(
            GroupedQueryAttention attention,
            Matrix heads,
            List<AttentionSpan> spans,
            Matrix outputs,
            Matrix weights,
            int place,
            int column,
            float step) {
        long index = (long) place * WIDTH + column;
        float before = heads.segment().getAtIndex(ValueLayout.JAVA_FLOAT, index);
        heads.segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, before + step);
        attend(attention, heads, spans, outputs);
        heads.segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, before);
        double sum = 0;
        for (int row = 0; row < outputs.rows(); row++) {
            for (int i = 0; i < outputs.columns(); i++) {
                sum += (double) at(outputs, row, i) * at(weights, row, i);
            }
        }
        return sum;
    }

    private static float[] attend(Matrix heads, int row, int place, int head, int window) {
        int keyHead = head / (HEADS / KEYS);
        int first = Math.max(0, place - window + 1);
        double[] scores = new double[place - first + 1];
        double total = 0;
        for (int i = 0; i < scores.length; i++) {
            double product = 0;
            for (int d = 0; d < SIZE; d++) {
                product +=
                        (double) at(heads, row + place, head * SIZE + d)
                                * at(heads, row + first + i, (HEADS + keyHead) * SIZE + d);
            }
            scores[i] = Math.exp(product / Math.sqrt(SIZE));
            total += scores[i];
        }
        float[] mixed = new float[SIZE];
        for (int d = 0; d < SIZE; d++) {
            double sum = 0;
            for (int i = 0; i < scores.length; i++) {
                sum += scores[i] * at(heads, row + first + i, (HEADS + KEYS + keyHead) * SIZE + d);
            }
            mixed[d] = (float) (sum / total);
        }
        return mixed;
    }

    private static Matrix random(Matrices matrices, long seed, int rows, int columns) {
        Matrix matrix = matrices.make(Format.FLOAT32, rows, columns);
        Random random = new Random(seed);
        for (long i = 0; i < (long) rows * columns; i++) {
            matrix.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return matrix;
    }

    private static float at(Matrix matrix, int row, int column) {
        return matrix.segment()
                .getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * matrix.columns() + column);
    }
}
