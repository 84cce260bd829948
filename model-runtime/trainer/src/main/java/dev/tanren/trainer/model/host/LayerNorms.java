package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Sums;
import java.lang.foreign.MemorySegment;

/// Layer normalisation with gain and bias (Ba et al. 2016), forward and backward as one pass each.
///
/// Legend: N places, H hidden.
final class LayerNorms {

    /// Gradients of gain and bias are summed inside a block of rows, then over blocks in order.
    private static final int BLOCK = 64;

    private LayerNorms() {}

    static void forward(
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix bias_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix statistics_N2) {
        int hidden = inputs_NH.columns();
        float[] gain = gain_1H.segment().toArray(JAVA_FLOAT);
        float[] bias = bias_1H.segment().toArray(JAVA_FLOAT);
        ComputeThreads.loop(
                inputs_NH.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[hidden];
                    float[] statistics = new float[2];
                    for (long n = from; n < to; n++) {
                        Rows.read(inputs_NH, n, row);
                        normaliseAndMeasure(row, epsilon, statistics);
                        scale(row, gain, bias, hidden);
                        Rows.write(row, outputs_NH, n);
                        Rows.write(statistics, statistics_N2, n);
                    }
                });
    }

    /// Leaves mean and inverse deviation in `statistics`.
    private static void normaliseAndMeasure(float[] row, double epsilon, float[] statistics) {
        int hidden = row.length;
        statistics[0] = (float) (Sums.of(row, hidden) / hidden);
        normalise(row, statistics[0], 1f, hidden);
        double variance = Sums.ofProducts(row, row, hidden) / hidden;
        statistics[1] = (float) (1 / Math.sqrt(variance + epsilon));
        normalise(row, 0f, statistics[1], hidden);
    }

    static void backward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix statistics_N2,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H,
            Matrix biasGradient_1H) {
        int hidden = inputs_NH.columns();
        int blocks = Math.ceilDiv(inputs_NH.rows(), BLOCK);
        float[][] gains = new float[blocks][hidden];
        float[][] biases = new float[blocks][hidden];
        float[] gain = gain_1H.segment().toArray(JAVA_FLOAT);
        ComputeThreads.loop(
                inputs_NH.rows(),
                BLOCK,
                (from, to) -> {
                    float[] input = new float[hidden];
                    float[] gradient = new float[hidden];
                    float[] sum = new float[hidden];
                    MemorySegment statistics = statistics_N2.segment();
                    int block = (int) (from / BLOCK);
                    for (long n = from; n < to; n++) {
                        Rows.read(inputs_NH, n, input);
                        Rows.read(gradient_NH, n, gradient);
                        Rows.read(inputGradient_NH, n, sum);
                        float inverse = statistics.getAtIndex(JAVA_FLOAT, 2 * n + 1);
                        normalise(input, statistics.getAtIndex(JAVA_FLOAT, 2 * n), inverse, hidden);
                        addProducts(gains[block], gradient, input, hidden);
                        add(biases[block], gradient, hidden);
                        backwardRow(gradient, gain, input, inverse, sum);
                        Rows.write(sum, inputGradient_NH, n);
                    }
                });
        RowBlocks.addTo(gainGradient_1H.segment(), gains);
        RowBlocks.addTo(biasGradient_1H.segment(), biases);
    }

    /// `sum += inverse · (g - mean(g) - normed · mean(g · normed))` with `g = gradient · gain`.
    private static void backwardRow(
            float[] gradient, float[] gain, float[] normed, float inverse, float[] sum) {
        int hidden = gain.length;
        multiply(gradient, gain, hidden);
        float mean = (float) (Sums.of(gradient, hidden) / hidden);
        float slope = (float) (Sums.ofProducts(gradient, normed, hidden) / hidden);
        addRest(sum, gradient, mean, normed, slope, inverse, hidden);
    }

    private static void normalise(float[] x, float mean, float inverse, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = (x[i] - mean) * inverse;
        }
    }

    private static void scale(float[] x, float[] gain, float[] bias, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = x[i] * gain[i] + bias[i];
        }
    }

    private static void multiply(float[] x, float[] factors, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factors[i];
        }
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }

    private static void addProducts(float[] sum, float[] a, float[] b, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += a[i] * b[i];
        }
    }

    private static void addRest(
            float[] sum,
            float[] gradient,
            float mean,
            float[] normed,
            float slope,
            float inverse,
            int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += inverse * (gradient[i] - mean - normed[i] * slope);
        }
    }
}
