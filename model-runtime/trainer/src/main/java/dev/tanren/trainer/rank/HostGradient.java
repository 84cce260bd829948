package dev.tanren.trainer.rank;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.parameters.FlatBuffer;
import org.jspecify.annotations.Nullable;

/// Brings a summed gradient into the host's memory, where the optimizer and its state are (Ren et
/// al., *ZeRO-Offload*, 2021): a device has no more than a model's weights, gradients
/// and activations.
final class HostGradient implements AutoCloseable {

    private final ComputeDevice device;
    private @Nullable FlatBuffer staging;

    HostGradient(ComputeDevice device) {
        this.device = device;
    }

    /// Waits until the device has summed it.
    void awaitSum() {
        device.await();
    }

    /// The gradient itself where it is in the host's memory, else a copy, valid until the next.
    FlatBuffer of(FlatBuffer gradient) {
        if (gradient.inHostMemory()) {
            return gradient;
        }
        FlatBuffer copy = staging;
        if (copy == null) {
            copy = FlatBuffer.staging(gradient.elements(), device);
            staging = copy;
        }
        copy.copyFrom(gradient);
        device.await();
        return copy;
    }

    @Override
    public void close() {
        if (staging != null) {
            staging.close();
        }
    }
}
