package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import java.util.Arrays;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rows and columns by number, where the device can read them.
final class Indices {

    private Indices() {}

    /// 64-bit integers on the device; the tensor belongs to the open `PointerScope`.
    static Tensor onDevice(ComputeDevice device, int[] values) {
        Tensor moved =
                torch.empty(
                        new long[] {values.length},
                        device.options(ScalarType.Long),
                        new MemoryFormatOptional());
        moved.copy_(Tensor.create(Arrays.stream(values).asLongStream().toArray()));
        return moved;
    }
}
