package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.RotaryAngles;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Rotations whose angles are made once for each micro-batch, whose layers share them.
///
/// Legend: N places, W all heads side by side, A heads that are rotated, D head size, E half of it.
final class Rotations {

    private final ComputeDevice device;
    private @Nullable Angles last;

    /// @param cosines_N1E of the positions of one micro-batch
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Angles(
            RotaryAngles angles, int[] positions, Tensor cosines_N1E, Tensor sines_N1E) {
        void free() {
            cosines_N1E.releaseReference();
            sines_N1E.releaseReference();
        }
    }

    Rotations(ComputeDevice device) {
        this.device = device;
    }

    void rotate(Matrix heads_NW, int heads, RotaryAngles angles, int[] positions) {
        turn(heads_NW.tensor(), 0, heads, angles, positions, false);
    }

    /// Copies each gradient to its heads' columns, and turns them back there.
    void gather(
            List<Tensor> gradients_BTKD,
            HeadShape shape,
            AttentionSpan span,
            @Nullable RotaryAngles angles,
            int[] positions,
            Matrix target_NW) {
        try (PointerScope _ = new PointerScope()) {
            int group = shape.group();
            Tensor rows_NW = target_NW.tensor().narrow(0, span.from(), span.places());
            Tensor queries_NKGD =
                    rows_NW.narrow(1, 0, shape.keys())
                            .unflatten(
                                    1, new long[] {shape.keyValueHeads(), group, shape.headSize()});
            for (int g = 0; g < group; g++) {
                queries_NKGD.select(2, g).copy_(byPlace(gradients_BTKD.get(g), shape, span));
            }
            copy(gradients_BTKD.get(group), shape, span, rows_NW, shape.keys());
            copy(gradients_BTKD.get(group + 1), shape, span, rows_NW, shape.values());
            if (angles != null) {
                turn(rows_NW, span.from(), shape.rotated(), angles, positions, true);
            }
        }
    }

    private static void copy(
            Tensor gradient_BTKD, HeadShape shape, AttentionSpan span, Tensor rows_NW, int column) {
        rows_NW.narrow(1, column, shape.keysWidth())
                .copy_(gradient_BTKD.view(span.places(), shape.keysWidth()));
    }

    private static Tensor byPlace(Tensor gradient_BTKD, HeadShape shape, AttentionSpan span) {
        return gradient_BTKD.view(span.places(), shape.keyValueHeads(), shape.headSize());
    }

    /// Turns the first heads of some rows in place.
    ///
    /// @param first the place of the first row in the micro-batch
    /// @param positions of all places of the micro-batch
    private void turn(
            Tensor rows_NW,
            int first,
            int heads,
            RotaryAngles angles,
            int[] positions,
            boolean back) {
        try (PointerScope _ = new PointerScope()) {
            int half = angles.half();
            long count = rows_NW.size(0);
            Angles all = of(angles, positions);
            Tensor cosines = all.cosines_N1E.narrow(0, first, count);
            Tensor sines = all.sines_N1E.narrow(0, first, count);
            Tensor turned = back ? sines.neg() : sines;
            Tensor part_NAD =
                    rows_NW.narrow(1, 0, (long) heads * 2 * half)
                            .unflatten(1, new long[] {heads, 2L * half});
            Tensor values_NAD = Fp32.of(part_NAD);
            Tensor one = values_NAD.narrow(2, 0, half);
            Tensor two = values_NAD.narrow(2, half, half);
            part_NAD.copy_(
                    torch.cat(
                            new TensorVector(
                                    one.mul(cosines).sub_(two.mul(turned)),
                                    two.mul(cosines).add_(one.mul(turned))),
                            2));
        }
    }

    private Angles of(RotaryAngles angles, int[] positions) {
        Angles known = last;
        if (known != null && known.angles == angles && Arrays.equals(known.positions, positions)) {
            return known;
        }
        if (known != null) {
            known.free();
            last = null;
        }
        angles.prepare(positions);
        Angles made =
                new Angles(
                        angles,
                        positions.clone(),
                        onDevice(angles.cosines(), positions, angles.half()),
                        onDevice(angles.sines(), positions, angles.half()));
        last = made;
        return made;
    }

    private Tensor onDevice(float[] table, int[] positions, int half) {
        float[] values = new float[positions.length * half];
        for (int n = 0; n < positions.length; n++) {
            System.arraycopy(table, positions[n] * half, values, n * half, half);
        }
        Tensor moved =
                DeviceTensors.copyOf(device, Tensor.create(values, positions.length, 1, half));
        moved.retainReference();
        return moved;
    }
}
