package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Sums;
import java.lang.foreign.MemorySegment;

/// Forward and backward as one pass each.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number, D head size.
final class HostHeadNorm implements HeadNorm {

    /// Gains' gradients are summed inside a block of rows, then over blocks in order.
    private static final int BLOCK = 64;

    private final int queries;
    private final int heads;
    private final int headSize;
    private final Parameter queryGain_1D;
    private final Parameter keyGain_1D;
    private final double epsilon;

    /// @param queries query heads
    /// @param keys key heads
    HostHeadNorm(
            int queries, int keys, Parameter queryGain_1D, Parameter keyGain_1D, double epsilon) {
        this.queries = queries;
        this.heads = queries + keys;
        this.headSize = queryGain_1D.columns();
        this.queryGain_1D = queryGain_1D;
        this.keyGain_1D = keyGain_1D;
        this.epsilon = epsilon;
    }

    @Override
    public int width() {
        return heads * headSize;
    }

    @Override
    public int heads() {
        return heads;
    }

    @Override
    public void forward(Matrix heads_NW, Matrix raw_NR, Matrix inverse_NA) {
        float[] gain = gains();
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
                            inverses[head] = normalise(row, head, gain);
                        }
                        Rows.write(inverses, inverse_NA, n);
                        Rows.write(row, heads_NW, n, 0, row.length);
                    }
                });
    }

    private float normalise(float[] row, int head, float[] gain) {
        int at = head * headSize;
        double mean = Sums.ofProducts(row, row, at, headSize) / headSize;
        float inverse = (float) (1 / Math.sqrt(mean + epsilon));
        scale(row, at, gain, gainAt(head), inverse, headSize);
        return inverse;
    }

    @Override
    public void backward(Matrix gradient_NW, Matrix raw_NR, Matrix inverse_NA) {
        float[] gain = gains();
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
                            backwardHead(row, raw, head, inverses[head], gain, sums);
                        }
                        Rows.write(row, gradient_NW, n, 0, row.length);
                    }
                });
        RowBlocks.addTo(queryGain_1D.gradient().segment(), part(partial, 0));
        RowBlocks.addTo(keyGain_1D.gradient().segment(), part(partial, headSize));
    }

    private void backwardHead(
            float[] row, float[] raw, int head, float inverse, float[] gain, float[] sums) {
        int at = head * headSize;
        addProducts(sums, gainAt(head), row, raw, at, inverse, headSize);
        multiply(row, at, gain, gainAt(head), headSize);
        double projection = Sums.ofProducts(row, raw, at, headSize);
        float back = (float) (projection * inverse * inverse * inverse / headSize);
        scaledDifference(row, inverse, raw, back, at, headSize);
    }

    /// Queries' gain, then keys'.
    private float[] gains() {
        float[] gains = new float[2 * headSize];
        MemorySegment.copy(queryGain_1D.weight().segment(), JAVA_FLOAT, 0, gains, 0, headSize);
        MemorySegment.copy(keyGain_1D.weight().segment(), JAVA_FLOAT, 0, gains, headSize, headSize);
        return gains;
    }

    private int gainAt(int head) {
        return head < queries ? 0 : headSize;
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
