package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Sums;
import java.lang.foreign.MemorySegment;

/// Forward and backward as one pass each.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number, D head size.
final class HeadNorms {

    /// Gains' gradients are summed inside a block of rows, then over blocks in order.
    private static final int BLOCK = 64;

    private final HeadShape shape;
    private final int heads;
    private final int headSize;
    private final float[] gain;

    private HeadNorms(HeadShape shape, Matrix queryGain_1D, Matrix keyGain_1D) {
        this.shape = shape;
        heads = shape.rotated();
        headSize = shape.headSize();
        gain = gains(queryGain_1D, keyGain_1D);
    }

    static void forward(
            Matrix heads_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            double epsilon,
            Matrix raw_NR,
            Matrix inverse_NA) {
        new HeadNorms(shape, queryGain_1D, keyGain_1D)
                .forward(heads_NW, epsilon, raw_NR, inverse_NA);
    }

    static void backward(
            Matrix gradient_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            Matrix raw_NR,
            Matrix inverse_NA,
            Matrix queryGainGradient_1D,
            Matrix keyGainGradient_1D) {
        HeadNorms norms = new HeadNorms(shape, queryGain_1D, keyGain_1D);
        float[][] partial = norms.backward(gradient_NW, raw_NR, inverse_NA);
        RowBlocks.addTo(queryGainGradient_1D.segment(), norms.part(partial, 0));
        RowBlocks.addTo(keyGainGradient_1D.segment(), norms.part(partial, shape.headSize()));
    }

    private int width() {
        return heads * headSize;
    }

    private void forward(Matrix heads_NW, double epsilon, Matrix raw_NR, Matrix inverse_NA) {
        ComputeThreads.loop(
                heads_NW.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[width()];
                    float[] inverses = new float[heads];
                    for (long n = from; n < to; n++) {
                        Rows.read(heads_NW, n, 0, row, 0, row.length);
                        Rows.write(row, raw_NR, n);
                        for (int head = 0; head < heads; head++) {
                            inverses[head] = normalise(row, head, epsilon);
                        }
                        Rows.write(inverses, inverse_NA, n);
                        Rows.write(row, heads_NW, n, 0, row.length);
                    }
                });
    }

    private float normalise(float[] row, int head, double epsilon) {
        int at = head * headSize;
        double mean = Sums.ofProducts(row, row, at, headSize) / headSize;
        float inverse = (float) (1 / Math.sqrt(mean + epsilon));
        scale(row, at, gain, gainAt(head), inverse, headSize);
        return inverse;
    }

    private float[][] backward(Matrix gradient_NW, Matrix raw_NR, Matrix inverse_NA) {
        float[][] partial = new float[Math.ceilDiv(gradient_NW.rows(), BLOCK)][2 * headSize];
        ComputeThreads.loop(
                gradient_NW.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[width()];
                    float[] raw = new float[width()];
                    float[] inverses = new float[heads];
                    float[] sums = partial[(int) (from / BLOCK)];
                    for (long n = from; n < to; n++) {
                        Rows.read(gradient_NW, n, 0, row, 0, row.length);
                        Rows.read(raw_NR, n, raw);
                        Rows.read(inverse_NA, n, inverses);
                        for (int head = 0; head < heads; head++) {
                            backwardHead(row, raw, head, inverses[head], sums);
                        }
                        Rows.write(row, gradient_NW, n, 0, row.length);
                    }
                });
        return partial;
    }

    private void backwardHead(float[] row, float[] raw, int head, float inverse, float[] sums) {
        int at = head * headSize;
        addProducts(sums, gainAt(head), row, raw, at, inverse, headSize);
        multiply(row, at, gain, gainAt(head), headSize);
        double projection = Sums.ofProducts(row, raw, at, headSize);
        float back = (float) (projection * inverse * inverse * inverse / headSize);
        scaledDifference(row, inverse, raw, back, at, headSize);
    }

    /// Queries' gain, then keys'.
    private static float[] gains(Matrix queryGain_1D, Matrix keyGain_1D) {
        int headSize = queryGain_1D.columns();
        float[] gains = new float[2 * headSize];
        MemorySegment.copy(queryGain_1D.segment(), JAVA_FLOAT, 0, gains, 0, headSize);
        MemorySegment.copy(keyGain_1D.segment(), JAVA_FLOAT, 0, gains, headSize, headSize);
        return gains;
    }

    private int gainAt(int head) {
        return head < shape.queries() ? 0 : headSize;
    }

    private float[][] part(float[][] blocks, int from) {
        float[][] part = new float[blocks.length][];
        for (int i = 0; i < blocks.length; i++) {
            part[i] = java.util.Arrays.copyOfRange(blocks[i], from, from + headSize);
        }
        return part;
    }

    private static void scale(
            float[] x, int at, float[] gain, int gainAt, float factor, int count) {
        for (int i = 0; i < count; i++) {
            x[at + i] = gain[gainAt + i] * (x[at + i] * factor);
        }
    }

    private static void multiply(float[] x, int at, float[] gain, int gainAt, int count) {
        for (int i = 0; i < count; i++) {
            x[at + i] *= gain[gainAt + i];
        }
    }

    private static void addProducts(
            float[] sum, int sumAt, float[] a, float[] b, int at, float factor, int count) {
        for (int i = 0; i < count; i++) {
            sum[sumAt + i] += a[at + i] * (b[at + i] * factor);
        }
    }

    private static void scaledDifference(
            float[] a, float scaleA, float[] b, float scaleB, int at, int count) {
        for (int i = 0; i < count; i++) {
            a[at + i] = a[at + i] * scaleA - b[at + i] * scaleB;
        }
    }
}
