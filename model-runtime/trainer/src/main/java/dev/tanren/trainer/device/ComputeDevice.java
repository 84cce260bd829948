package dev.tanren.trainer.device;

import dev.tanren.launch.RankDevice;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Where a rank's model computes. Weights and the optimizer's state stay in the host's memory
/// whatever it is: a device has a copy of the weights, and gradients on their way back.
///
/// The thread that opened a device uses it, and no other.
public interface ComputeDevice extends AutoCloseable {

    /// The processor and the memory it shares with Java.
    ComputeDevice HOST = new HostDevice();

    /// The device of a rank.
    ///
    /// @param rank of a gang that is on this machine alone; chooses among several devices
    /// @throws dev.tanren.plan.error.TanrenException `DEVICE_MISSING` where there is none
    static ComputeDevice open(RankDevice device, int rank) {
        return switch (device) {
            case CPU -> HOST;
            case CUDA -> CudaDevice.open(rank);
        };
    }

    /// As its driver calls it; `cpu` for the host.
    String driverName();

    /// Bytes of its own memory; 0 where its memory is the host's.
    long memoryBytes();

    /// Whether its memory is the host's.
    boolean inHostMemory();

    /// Options of a tensor in its memory. They belong to the open `PointerScope`.
    TensorOptions options(ScalarType type);

    /// Waits until all that was asked of it is done.
    void await();

    @Override
    void close();
}
