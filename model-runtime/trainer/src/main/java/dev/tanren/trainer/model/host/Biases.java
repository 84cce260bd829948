package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;

/// Legend: N places, O outputs.
final class Biases {

    private static final int BLOCK = 64;

    private Biases() {}

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

    static void add(Matrix inputs_NO, Matrix bias_1O, Matrix outputs_NO) {
        int count = outputs_NO.columns();
        float[] bias = bias_1O.segment().toArray(JAVA_FLOAT);
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

    /// Inside blocks of a fixed size, then over blocks in order, so that the bits do not depend on
    /// threads.
    static void backward(Matrix gradient_NO, Matrix biasGradient_1O) {
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
