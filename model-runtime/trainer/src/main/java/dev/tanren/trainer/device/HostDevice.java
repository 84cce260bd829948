package dev.tanren.trainer.device;

import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The host computes when it is asked, so there is nothing to wait for.
final class HostDevice implements ComputeDevice {

    @Override
    public String driverName() {
        return "cpu";
    }

    @Override
    public long memoryBytes() {
        return 0;
    }

    @Override
    public boolean inHostMemory() {
        return true;
    }

    @Override
    public TensorOptions options(ScalarType type) {
        return new TensorOptions(type);
    }

    @Override
    public void await() {}

    @Override
    public void close() {}
}
