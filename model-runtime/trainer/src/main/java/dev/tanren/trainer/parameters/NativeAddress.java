package dev.tanren.trainer.parameters;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The two ways between Java's view of native memory and libtorch's, without a copy.
public final class NativeAddress {

    private NativeAddress() {}

    private static final class Borrowed extends Pointer {
        Borrowed(long address) {
            super();
            this.address = address;
        }
    }

    /// A row-major fp32 tensor over `segment`, which must outlive it.
    public static Tensor tensor(MemorySegment segment, long... shape) {
        return torch.from_blob(new Borrowed(segment.address()), shape);
    }

    /// An fp32 tensor with these strides (in elements) over `segment`, which must outlive it.
    public static Tensor strided(MemorySegment segment, long[] shape, long[] strides) {
        return torch.from_blob(new Borrowed(segment.address()), shape, strides);
    }

    /// The memory of a row-major fp32 CPU tensor, from its first element on. Valid as long as the
    /// tensor is.
    public static MemorySegment segment(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address())
                .reinterpret(tensor.numel() * Float.BYTES);
    }
}
