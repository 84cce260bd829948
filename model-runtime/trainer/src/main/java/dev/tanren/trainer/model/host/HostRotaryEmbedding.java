package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.HeadGradients;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.parameters.ComputeThreads;

/// Angles are made once for all positions that came so far.
final class HostRotaryEmbedding implements RotaryEmbedding {

    private static final int BLOCK = 64;

    private final int half;
    private final float[] frequencies;
    private float[] cosines = {};
    private float[] sines = {};

    /// @param frequencies of each pair of a head, as [RotaryFrequencies] has them
    HostRotaryEmbedding(float[] frequencies) {
        half = frequencies.length;
        this.frequencies = frequencies.clone();
    }

    @Override
    public void rotate(Matrix heads_NW, int heads, int[] positions) {
        prepare(positions);
        ComputeThreads.loop(
                heads_NW.rows(),
                BLOCK,
                (from, to) -> {
                    int width = heads * 2 * half;
                    float[] row = new float[width];
                    for (long n = from; n < to; n++) {
                        Rows.read(heads_NW, n, 0, row, 0, width);
                        rotateRow(row, heads, positions[(int) n], 1f);
                        Rows.write(row, heads_NW, n, 0, width);
                    }
                });
    }

    @Override
    public HeadGradients headGradients(HeadShape shape) {
        return new HostHeadGradients(shape, this);
    }

    /// Turns the gradient of rotated heads into that of the heads before.
    void rotateBack(float[] row, int heads, int position) {
        rotateRow(row, heads, position, -1f);
    }

    private void rotateRow(float[] row, int heads, int position, float direction) {
        int angles = position * half;
        for (int head = 0; head < heads; head++) {
            rotateHead(row, head * 2 * half, half, cosines, sines, angles, direction);
        }
    }

    private static void rotateHead(
            float[] row,
            int at,
            int half,
            float[] cosines,
            float[] sines,
            int angles,
            float direction) {
        for (int i = 0; i < half; i++) {
            float first = row[at + i];
            float second = row[at + half + i];
            float cosine = cosines[angles + i];
            float sine = sines[angles + i] * direction;
            row[at + i] = first * cosine - second * sine;
            row[at + half + i] = second * cosine + first * sine;
        }
    }

    private void prepare(int[] positions) {
        int highest = 0;
        for (int position : positions) {
            highest = Math.max(highest, position);
        }
        int known = cosines.length / half;
        if (highest < known) {
            return;
        }
        int count = Math.max(highest + 1, 2 * known);
        cosines = new float[count * half];
        sines = new float[count * half];
        for (int position = 0; position < count; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * frequencies[i];
                cosines[position * half + i] = (float) Math.cos(angle);
                sines[position * half + i] = (float) Math.sin(angle);
            }
        }
    }
}
