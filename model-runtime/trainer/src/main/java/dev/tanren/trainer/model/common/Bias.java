package dev.tanren.trainer.model.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import org.jspecify.annotations.Nullable;

/// A vector added to every row, and its gradient.
///
/// Legend: N places, O outputs.
final class Bias {

    private static final int BLOCK = 64;

    private Bias() {}

    /// Makes every row the bias, for a product to be added to.
    static void fill(Matrix bias_1O, Matrix outputs_NO) {
        float[] bias = bias_1O.segment().toArray(JAVA_FLOAT);
        ComputeThreads.loop(
                outputs_NO.rows(),
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        Rows.write(bias, outputs_NO, n);
                    }
                });
    }

    /// `outputs = inputs + bias`, or a copy where there is no bias.
    static void copyWith(Matrix inputs_NO, @Nullable Parameter bias_1O, Matrix outputs_NO) {
        if (bias_1O == null) {
            outputs_NO.segment().copyFrom(inputs_NO.segment());
            return;
        }
        int count = outputs_NO.columns();
        float[] bias = bias_1O.weight().segment().toArray(JAVA_FLOAT);
        ComputeThreads.loop(
                outputs_NO.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[count];
                    for (long n = from; n < to; n++) {
                        Rows.read(inputs_NO, n, row);
                        add(row, bias, count);
                        Rows.write(row, outputs_NO, n);
                    }
                });
    }

    /// Adds the sum of the rows: inside blocks of a fixed size, then over blocks in order, so that
    /// the bits do not depend on threads.
    static void addGradient(Matrix gradient_NO, Matrix biasGradient_1O) {
        int count = gradient_NO.columns();
        float[][] partial = new float[Math.ceilDiv(gradient_NO.rows(), BLOCK)][count];
        ComputeThreads.loop(
                gradient_NO.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[count];
                    float[] sum = partial[(int) (from / BLOCK)];
                    for (long n = from; n < to; n++) {
                        Rows.read(gradient_NO, n, row);
                        add(sum, row, count);
                    }
                });
        RowBlocks.addTo(biasGradient_1O.segment(), partial);
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
