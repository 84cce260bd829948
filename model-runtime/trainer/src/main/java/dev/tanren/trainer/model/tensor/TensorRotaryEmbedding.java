package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.HeadGradients;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Rotations whose angles are made once for each micro-batch, whose layers share them.
///
/// Legend: N places, W all heads side by side, A heads that are rotated, D head size, E half of it.
final class TensorRotaryEmbedding implements RotaryEmbedding {

    private final ComputeDevice device;
    private final float[] frequencies;
    private @Nullable Angles angles;

    /// @param cosines_N1E of the positions of one micro-batch
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Angles(int[] positions, Tensor cosines_N1E, Tensor sines_N1E) {
        void free() {
            cosines_N1E.releaseReference();
            sines_N1E.releaseReference();
        }
    }

    TensorRotaryEmbedding(ComputeDevice device, float[] frequencies) {
        this.device = device;
        this.frequencies = frequencies.clone();
    }

    @Override
    public void rotate(Matrix heads_NW, int heads, int[] positions) {
        turn(heads_NW.tensor(), 0, heads, positions, false);
    }

    @Override
    public HeadGradients headGradients(HeadShape shape) {
        return new TensorHeadGradients(shape, this);
    }

    /// Turns the first heads of some rows in place.
    ///
    /// @param first the place of the first row in the micro-batch
    /// @param positions of all places of the micro-batch
    void turn(Tensor rows_NW, int first, int heads, int[] positions, boolean back) {
        try (PointerScope _ = new PointerScope()) {
            int half = frequencies.length;
            long count = rows_NW.size(0);
            Angles all = angles(positions);
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

    private Angles angles(int[] positions) {
        Angles known = angles;
        if (known != null && Arrays.equals(known.positions, positions)) {
            return known;
        }
        if (known != null) {
            known.free();
            angles = null;
        }
        int half = frequencies.length;
        float[] cosines = new float[positions.length * half];
        float[] sines = new float[positions.length * half];
        for (int n = 0; n < positions.length; n++) {
            for (int i = 0; i < half; i++) {
                float angle = positions[n] * frequencies[i];
                cosines[n * half + i] = (float) Math.cos(angle);
                sines[n * half + i] = (float) Math.sin(angle);
            }
        }
        Angles made =
                new Angles(
                        positions.clone(),
                        onDevice(cosines, positions.length),
                        onDevice(sines, positions.length));
        angles = made;
        return made;
    }

    private Tensor onDevice(float[] values, int places) {
        Tensor moved =
                DeviceTensors.copyOf(device, Tensor.create(values, places, 1, frequencies.length));
        moved.retainReference();
        return moved;
    }
}
