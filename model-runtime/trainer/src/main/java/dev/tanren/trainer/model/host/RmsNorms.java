package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Sums;
import java.lang.foreign.MemorySegment;

/// Root-mean-square normalisation (Zhang and Sennrich 2019), forward and backward as one pass each.
///
/// Legend: N places, H hidden.
final class RmsNorms {

    /// Rows that one thread takes at once. Gains' gradients are summed inside a block, then over
    /// blocks in order, so the bits do not depend on threads.
    private static final int BLOCK = 64;

    private RmsNorms() {}

    /// @param inverse_N1 receives one over the root mean square of each row
    static void forward(
            Matrix inputs_NH,
            Matrix gain_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix inverse_N1) {
        int hidden = inputs_NH.columns();
        MemorySegment gains = gain_1H.segment();
        ComputeThreads.loop(
                inputs_NH.rows(),
                BLOCK,
                (from, to) -> {
                    float[][] row = new float[4][hidden];
                    float[] gain = row[1];
                    MemorySegment.copy(gains, JAVA_FLOAT, 0, gain, 0, hidden);
                    for (long n = from; n < to; n++) {
                        Rows.read(inputs_NH, n, row[0]);
                        double mean = Sums.ofProducts(row[0], row[0], hidden) / hidden;
                        float inverse = (float) (1 / Math.sqrt(mean + epsilon));
                        scale(row[0], gain, inverse, row[2], hidden);
                        Rows.write(row[2], outputs_NH, n);
                        inverse_N1.segment().setAtIndex(JAVA_FLOAT, n, inverse);
                    }
                });
    }

    static void backward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix inverse_N1,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H) {
        int hidden = inputs_NH.columns();
        int blocks = Math.ceilDiv(inputs_NH.rows(), BLOCK);
        float[][] partial = new float[blocks][hidden];
        MemorySegment gains = gain_1H.segment();
        ComputeThreads.loop(
                inputs_NH.rows(),
                BLOCK,
                (from, to) -> {
                    float[][] row = new float[4][hidden];
                    MemorySegment.copy(gains, JAVA_FLOAT, 0, row[1], 0, hidden);
                    for (long n = from; n < to; n++) {
                        Rows.read(inputs_NH, n, row[0]);
                        Rows.read(gradient_NH, n, row[2]);
                        Rows.read(inputGradient_NH, n, row[3]);
                        float inverse = inverse_N1.segment().getAtIndex(JAVA_FLOAT, n);
                        backwardRow(row, partial[(int) (n / BLOCK)], inverse, hidden);
                        Rows.write(row[3], inputGradient_NH, n);
                    }
                });
        RowBlocks.addTo(gainGradient_1H.segment(), partial);
    }

    private static void backwardRow(float[][] row, float[] partial, float inverse, int hidden) {
        float[] input = row[0];
        float[] gradient = row[2];
        addProducts(partial, gradient, input, inverse, hidden);
        multiply(gradient, row[1], hidden);
        double projection = Sums.ofProducts(gradient, input, hidden);
        float back = (float) (projection * inverse * inverse * inverse / hidden);
        addScaledDifference(row[3], gradient, inverse, input, back, hidden);
    }

    private static void scale(float[] x, float[] gain, float factor, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = gain[i] * (x[i] * factor);
        }
    }

    private static void multiply(float[] x, float[] factors, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factors[i];
        }
    }

    private static void addProducts(float[] sum, float[] a, float[] b, float factor, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += a[i] * (b[i] * factor);
        }
    }

    private static void addScaledDifference(
            float[] sum, float[] a, float scaleA, float[] b, float scaleB, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += a[i] * scaleA - b[i] * scaleB;
        }
    }
}
