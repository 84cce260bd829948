package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/// A row-major matrix in native memory, as libtorch sees it and as Java loops see it, which read
/// and write it as fp32 by [Rows].
///
/// Whoever made it owns the memory and the tensor.
public record Matrix(Tensor tensor, MemorySegment segment, Format format, int rows, int columns) {

    /// Over memory that outlives it. The tensor belongs to the open `PointerScope`.
    public static Matrix over(MemorySegment segment, Format format, int rows, int columns) {
        Tensor tensor = NativeAddress.tensor(segment, format, rows, columns);
        return new Matrix(tensor, segment, format, rows, columns);
    }

    /// Rows `from` (inclusive) to `to` (exclusive), over the same memory. The tensor belongs to the
    /// open `PointerScope`.
    public Matrix rows(int from, int to) {
        MemorySegment part = segment.asSlice(row(from), row(to) - row(from));
        return over(part, format, to - from, columns);
    }

    /// Where a row begins, in bytes.
    long row(long row) {
        return row * columns * format.bytes();
    }

    /// Where an element of a row lies, in bytes.
    long place(long row, long column) {
        return (row * columns + column) * format.bytes();
    }
}
