package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.parameters.ComputeThreads;

/// Legend: N places, O outputs.
final class HostBias implements Bias {

    private static final int BLOCK = 64;

    private final Parameter bias_1O;

    HostBias(Parameter bias_1O) {
        this.bias_1O = bias_1O;
    }

    @Override
    public void fill(Matrix outputs_NO) {
        float[] bias = bias_1O.weight().segment().toArray(JAVA_FLOAT);
        ComputeThreads.loop(
                outputs_NO.rows(),
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        Rows.write(bias, outputs_NO, n);
                    }
                });
    }

    @Override
    public void copyWith(Matrix inputs_NO, Matrix outputs_NO) {
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

    /// Inside blocks of a fixed size, then over blocks in order, so that the bits do not depend on
    /// threads.
    @Override
    public void addGradient(Matrix gradient_NO) {
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
        RowBlocks.addTo(bias_1O.gradient().segment(), partial);
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
