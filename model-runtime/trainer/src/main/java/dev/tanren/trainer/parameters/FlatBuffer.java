package dev.tanren.trainer.parameters;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// One fp32 number for each parameter of a model, in native memory that libtorch and Java loops
/// share.
///
/// It begins as zeros, 64-byte aligned, outside the heap. Views are made once and live as long as
/// the buffer, whatever `PointerScope` is open when they are asked for. Not thread-safe, though its
/// memory may be read and written from several threads at disjoint places.
public final class FlatBuffer implements AutoCloseable {

    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final long elements;
    private final MemorySegment segment;
    private final Tensor tensor;
    private final Map<String, Tensor> views = new HashMap<>();

    private FlatBuffer(long elements) {
        this.elements = elements;
        this.segment = arena.allocate(elements * Float.BYTES, ALIGNMENT);
        this.tensor = held(NativeAddress.tensor(segment, elements));
    }

    public static FlatBuffer allocate(ParameterLayout layout) {
        return new FlatBuffer(layout.elements());
    }

    /// @param elements fp32 numbers, at least one
    public static FlatBuffer allocate(long elements) {
        return new FlatBuffer(elements);
    }

    public long elements() {
        return elements;
    }

    /// All its bytes, in the platform's byte order.
    public MemorySegment segment() {
        return segment;
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
                key -> held(NativeAddress.tensor(slice(first.offset(), shape), shape)));
    }

    private MemorySegment slice(long offset, long[] shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return segment.asSlice(offset * Float.BYTES, count * Float.BYTES);
    }

    public void zero() {
        segment.fill((byte) 0);
    }

    public void copyFrom(FlatBuffer other) {
        segment.copyFrom(other.segment);
    }

    /// Frees the memory; views of it must not be used any more.
    @Override
    public void close() {
        views.values().forEach(Tensor::releaseReference);
        views.clear();
        tensor.releaseReference();
        arena.close();
    }

    private static Tensor held(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }
}
