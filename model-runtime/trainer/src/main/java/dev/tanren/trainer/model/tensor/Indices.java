package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/// Rows and columns by number, where the device can read them.
final class Indices {

    private Indices() {}

    /// 64-bit integers on the device; the tensor belongs to the open `PointerScope`.
    static Tensor onDevice(ComputeDevice device, int[] values) {
        return DeviceTensors.copyOf(
                device, Tensor.create(Arrays.stream(values).asLongStream().toArray()));
    }
}
