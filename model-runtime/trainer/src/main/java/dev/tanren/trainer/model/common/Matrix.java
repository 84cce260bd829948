package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A row-major matrix, as libtorch sees it; one in host memory also as Java loops see it, which
/// read and write it as fp32 by [Rows].
///
/// Whoever made it owns the memory and the tensor.
///
/// @param hostMemory null where the matrix is another device's, or other operators have it
public record Matrix(
        Tensor tensor, @Nullable MemorySegment hostMemory, Format format, int rows, int columns) {

    /// Over memory that outlives it. The tensor belongs to the open `PointerScope`.
    public static Matrix over(MemorySegment segment, Format format, int rows, int columns) {
        Tensor tensor = NativeAddress.tensor(segment, format, rows, columns);
        return new Matrix(tensor, segment, format, rows, columns);
    }

    /// Of a tensor that Java loops do not see.
    public static Matrix of(Tensor tensor, Format format, int rows, int columns) {
        return new Matrix(tensor, null, format, rows, columns);
    }

    /// Its memory, where Java loops see it.
    public MemorySegment segment() {
        MemorySegment memory = hostMemory;
        if (memory == null) {
            throw new IllegalStateException("Java loops do not see the memory of this matrix");
        }
        return memory;
    }

    /// Rows `from` (inclusive) to `to` (exclusive), over the same memory. The tensor belongs to the
    /// open `PointerScope`.
    public Matrix rows(int from, int to) {
        if (hostMemory == null) {
            return of(tensor.narrow(0, from, to - from), format, to - from, columns);
        }
        MemorySegment part = hostMemory.asSlice(row(from), row(to) - row(from));
        return over(part, format, to - from, columns);
    }

    /// The same memory from an element on, seen with these strides, in elements. The tensor
    /// belongs to the open `PointerScope`, and autograd takes it for a tensor of its own: it is not
    /// told when the memory is used again.
    public Tensor strided(long row, long column, long[] shape, long[] strides) {
        if (hostMemory != null) {
            return NativeAddress.strided(
                    hostMemory.asSlice(place(row, column)), format, shape, strides);
        }
        long first = tensor.storage_offset() + row * columns + column;
        return tensor.variable_data().as_strided(shape, strides, new LongOptional(first));
    }

    /// Makes every element zero.
    public void zero() {
        if (hostMemory == null) {
            tensor.zero_();
        } else {
            hostMemory.fill((byte) 0);
        }
    }

    /// Takes over the elements of a matrix of the same shape and format.
    void copyFrom(Matrix other) {
        if (hostMemory == null) {
            tensor.copy_(other.tensor);
        } else {
            hostMemory.copyFrom(other.segment());
        }
    }

    /// Bytes of memory that it covers.
    public long bytes() {
        return (long) rows * columns * format.bytes();
    }

    /// Where a row begins, in bytes.
    public long row(long row) {
        return row * columns * format.bytes();
    }

    /// Where an element of a row lies, in bytes.
    public long place(long row, long column) {
        return (row * columns + column) * format.bytes();
    }
}
