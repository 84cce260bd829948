package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Tensors in a device's memory, which belong to the open `PointerScope`.
final class DeviceTensors {

    private DeviceTensors() {}

    /// What it holds is undefined.
    static Tensor empty(ComputeDevice device, ScalarType type, long... shape) {
        return torch.empty(shape, device.options(type), new MemoryFormatOptional());
    }

    /// A copy of a tensor in the host's memory.
    static Tensor copyOf(ComputeDevice device, Tensor host) {
        return empty(device, host.scalar_type(), host.sizes().vec().get()).copy_(host);
    }
}
