package dev.tanren.trainer.device;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.cuda.CUDAStreamGuard;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_cuda;

/// One CUDA device, with a stream of the rank's own on which everything is computed and copied, in
/// the order in which it was asked for.
///
/// libtorch takes its deterministic kernels, so that the same steps give the same bits on the same
/// type of device; an operation that has none fails. Needs the natives of the Maven
/// profile `gpu`.
public final class CudaDevice implements ComputeDevice {

    private final byte index;
    private final String name;
    private final long memoryBytes;
    private final CUDAStream stream;
    private final CUDAStreamGuard guard;

    private CudaDevice(
            byte index, String name, long memoryBytes, CUDAStream stream, CUDAStreamGuard guard) {
        this.index = index;
        this.name = name;
        this.memoryBytes = memoryBytes;
        this.stream = stream;
        this.guard = guard;
    }

    /// How many CUDA devices this process sees; 0 where the natives are those of the CPU alone, or
    /// the machine has no driver.
    public static int count() {
        return torch.cuda_is_available() ? (int) torch.cuda_device_count() : 0;
    }

    /// Takes the device of this number for this thread. Each rank has one of its own: NCCL refuses
    /// two ranks on one.
    ///
    /// @param rank of a gang that is on this machine alone
    /// @throws TanrenException `DEVICE_MISSING` where there is none of this number
    public static CudaDevice open(int rank) {
        int count = count();
        if (rank >= count) {
            throw new TanrenException(
                    ErrorCode.DEVICE_MISSING,
                    "this process sees " + count + " CUDA devices",
                    "rank " + rank,
                    "Build with the Maven profile `gpu`, see that nvidia-smi lists a device for"
                            + " every rank, use fewer ranks, or unset TANREN_WORKER_DEVICE to train"
                            + " on the CPU.");
        }
        byte index = (byte) rank;
        // Not as a mere wish: attention's backward has a deterministic kernel for the asking alone.
        torch.globalContext().setDeterministicAlgorithms(true, false);
        torch.globalContext().setDeterministicFillUninitializedMemory(false);
        torch_cuda.set_device(index);
        CUDAStream stream = torch_cuda.getStreamFromPool(false, index);
        stream.retainReference();
        CUDAStreamGuard guard = new CUDAStreamGuard(stream.asStream());
        guard.retainReference();
        try (PointerScope _ = new PointerScope()) {
            cudaDeviceProp properties = torch_cuda.getDeviceProperties(index);
            return new CudaDevice(
                    index,
                    properties.name().getString(),
                    properties.totalGlobalMem(),
                    stream,
                    guard);
        }
    }

    @Override
    public String driverName() {
        return name;
    }

    @Override
    public long memoryBytes() {
        return memoryBytes;
    }

    @Override
    public boolean inHostMemory() {
        return false;
    }

    @Override
    public TensorOptions options(ScalarType type) {
        return new TensorOptions(type)
                .device(new DeviceOptional(new Device(torch.DeviceType.CUDA, index)));
    }

    @Override
    public void await() {
        stream.synchronize();
    }

    @Override
    public void close() {
        guard.releaseReference();
        stream.releaseReference();
    }
}
