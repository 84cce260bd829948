package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeAddress;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Turns heads by their positions' angles, and gathers and turns back their gradients in one pass.
///
/// Attention in host memory makes its gradients in fp32.
final class Rotations {

    private static final int BLOCK = 64;

    private Rotations() {}

    static void rotate(Matrix heads_NW, int heads, RotaryAngles angles, int[] positions) {
        angles.prepare(positions);
        int width = heads * 2 * angles.half();
        ComputeThreads.loop(
                heads_NW.rows(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[width];
                    for (long n = from; n < to; n++) {
                        Rows.read(heads_NW, n, 0, row, 0, width);
                        rotateRow(row, heads, angles, positions[(int) n], 1f);
                        Rows.write(row, heads_NW, n, 0, width);
                    }
                });
    }

    static void gather(
            List<Tensor> gradients,
            HeadShape shape,
            AttentionSpan span,
            @Nullable RotaryAngles angles,
            int[] positions,
            Matrix target_NW) {
        int width = shape.keysWidth();
        List<Matrix> sources =
                gradients.stream()
                        .map(
                                gradient ->
                                        new Matrix(
                                                gradient,
                                                NativeAddress.segment(gradient),
                                                Format.FLOAT32,
                                                span.places(),
                                                width))
                        .toList();
        if (angles != null) {
            angles.prepare(positions);
        }
        ComputeThreads.loop(
                span.places(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[target_NW.columns()];
                    for (long n = from; n < to; n++) {
                        gatherRow(sources, shape, n, row);
                        int place = span.from() + (int) n;
                        if (angles != null) {
                            rotateRow(row, shape.rotated(), angles, positions[place], -1f);
                        }
                        Rows.write(row, target_NW, place);
                    }
                });
    }

    private static void gatherRow(List<Matrix> sources, HeadShape shape, long n, float[] row) {
        int width = shape.keysWidth();
        int headSize = shape.headSize();
        for (int g = 0; g < shape.group(); g++) {
            Matrix queries = sources.get(g);
            for (int k = 0; k < shape.keyValueHeads(); k++) {
                int place = (k * shape.group() + g) * headSize;
                Rows.read(queries, n, (long) k * headSize, row, place, headSize);
            }
        }
        Rows.read(sources.get(shape.group()), n, 0, row, shape.keys(), width);
        Rows.read(sources.get(shape.group() + 1), n, 0, row, shape.values(), width);
    }

    /// @param direction 1 to turn heads, -1 to turn them back
    private static void rotateRow(
            float[] row, int heads, RotaryAngles angles, int position, float direction) {
        int half = angles.half();
        int first = position * half;
        for (int head = 0; head < heads; head++) {
            rotateHead(
                    row, head * 2 * half, half, angles.cosines(), angles.sines(), first, direction);
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
}
