package dev.tanren.trainer.parameters;

import dev.tanren.trainer.device.ComputeDevice;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One fp32 number for each parameter of a model, in native memory that libtorch and Java loops
/// share, or in the memory of another device, which Java loops do not see.
///
/// It begins as zeros, 64-byte aligned, outside the heap. Views are made once and live as long as
/// the buffer, whatever `PointerScope` is open when they are asked for. Not thread-safe, though its
/// memory may be read and written from several threads at disjoint places.
public final class FlatBuffer implements AutoCloseable {

    private final @Nullable NativeMemory memory;
    private final @Nullable MemorySegment segment;
    private final Tensor tensor;
    private final long elements;
    private final Map<String, Tensor> views = new HashMap<>();

    private FlatBuffer(NativeMemory memory, long elements) {
        this.elements = elements;
        this.memory = memory;
        this.segment = memory.segment();
        this.tensor = held(NativeAddress.tensor(memory.segment(), elements));
    }

    /// @param segment of the tensor, where it is the host's
    private FlatBuffer(Tensor tensor, @Nullable MemorySegment segment) {
        this.elements = tensor.numel();
        this.memory = null;
        this.segment = segment;
        this.tensor = held(tensor);
    }

    public static FlatBuffer allocate(ParameterLayout layout) {
        return allocate(layout.elements());
    }

    /// @param elements fp32 numbers, at least one
    public static FlatBuffer allocate(long elements) {
        return new FlatBuffer(new NativeMemory(elements * Float.BYTES), elements);
    }

    /// In the memory of a device.
    public static FlatBuffer allocate(long elements, ComputeDevice device) {
        if (device.inHostMemory()) {
            return allocate(elements);
        }
        try (PointerScope _ = new PointerScope()) {
            return new FlatBuffer(zeros(elements, device.options(ScalarType.Float)), null);
        }
    }

    /// In the host's memory, from where copies to this device go at full speed: page-locked, where
    /// the device has memory of its own.
    public static FlatBuffer staging(long elements, ComputeDevice device) {
        if (device.inHostMemory()) {
            return allocate(elements);
        }
        try (PointerScope _ = new PointerScope()) {
            TensorOptions locked =
                    ComputeDevice.HOST
                            .options(ScalarType.Float)
                            .pinned_memory(new BoolOptional(true));
            Tensor tensor = zeros(elements, locked);
            return new FlatBuffer(tensor, NativeAddress.segment(tensor));
        }
    }

    private static Tensor zeros(long elements, TensorOptions options) {
        return torch.zeros(new long[] {elements}, options);
    }

    public long elements() {
        return elements;
    }

    /// Whether Java loops see it.
    public boolean inHostMemory() {
        return segment != null;
    }

    /// All its bytes, in the platform's byte order.
    ///
    /// @throws IllegalStateException where it lies in another device's memory
    public MemorySegment segment() {
        MemorySegment shared = segment;
        if (shared == null) {
            throw new IllegalStateException("the buffer lies in the memory of a device");
        }
        return shared;
    }

    /// The whole as one vector. It belongs to the buffer: callers do not close it.
    public Tensor tensor() {
        return tensor;
    }

    /// The parameter as a tensor of its own shape. It belongs to the buffer: callers do not close
    /// it.
    public Tensor view(ParameterLayout.Entry entry) {
        return view(entry, entry.shape());
    }

    /// As many neighbouring parameters as fit `shape`, from `first` on, as one row-major tensor. It
    /// belongs to the buffer.
    ///
    /// Used where one matrix product serves several parameters, such as queries, keys and values.
    public Tensor view(ParameterLayout.Entry first, long... shape) {
        return views.computeIfAbsent(
                first.name() + java.util.Arrays.toString(shape),
                key -> held(cut(first.offset(), shape)));
    }

    private Tensor cut(long offset, long[] shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        MemorySegment shared = segment;
        return shared == null
                ? onDevice(offset, count, shape)
                : NativeAddress.tensor(
                        shared.asSlice(offset * Float.BYTES, count * Float.BYTES), shape);
    }

    private Tensor onDevice(long offset, long count, long[] shape) {
        try (Tensor part = tensor.narrow(0, offset, count)) {
            return part.view(shape);
        }
    }

    public void zero() {
        if (segment == null) {
            tensor.zero_();
        } else {
            segment.fill((byte) 0);
        }
    }

    /// Takes over the numbers of a buffer of the same size, from whichever memory. Where a device
    /// is part of it, the copy is done when the device's stream has come to it.
    public void copyFrom(FlatBuffer other) {
        if (segment == null || other.segment == null) {
            tensor.copy_(other.tensor, true);
        } else {
            segment.copyFrom(other.segment);
        }
    }

    /// Frees the memory; views of it must not be used any more.
    @Override
    public void close() {
        views.values().forEach(Tensor::releaseReference);
        views.clear();
        tensor.releaseReference();
        if (memory != null) {
            memory.close();
        }
    }

    private static Tensor held(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }
}
