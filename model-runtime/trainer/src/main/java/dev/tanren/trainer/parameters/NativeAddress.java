package dev.tanren.trainer.parameters;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
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
        return tensor(segment, Format.FLOAT32, shape);
    }

    /// A row-major tensor over `segment`, which must outlive it.
    public static Tensor tensor(MemorySegment segment, Format format, long... shape) {
        Pointer memory = new Borrowed(segment.address());
        return switch (format) {
            case FLOAT32 -> torch.from_blob(memory, shape);
            case BFLOAT16 -> torch.from_blob(memory, shape, bfloat16());
        };
    }

    /// A tensor with these strides (in elements) over `segment`, which must outlive it.
    public static Tensor strided(
            MemorySegment segment, Format format, long[] shape, long[] strides) {
        Pointer memory = new Borrowed(segment.address());
        return switch (format) {
            case FLOAT32 -> torch.from_blob(memory, shape, strides);
            case BFLOAT16 -> torch.from_blob(memory, shape, strides, bfloat16());
        };
    }

    private static TensorOptions bfloat16() {
        return new TensorOptions(torch.ScalarType.BFloat16);
    }

    /// The memory of a row-major CPU tensor, from its first element on. Valid as long as the tensor
    /// is.
    public static MemorySegment segment(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address())
                .reinterpret(tensor.numel() * tensor.element_size());
    }
}
