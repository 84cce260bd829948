package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/// A row-major fp32 matrix in native memory, as libtorch sees it and as Java loops see it.
///
/// Whoever made it owns the memory and the tensor.
public record Matrix(Tensor tensor, MemorySegment segment, int rows, int columns) {

    /// Rows `from` (inclusive) to `to` (exclusive), over the same memory. The tensor belongs to the
    /// open `PointerScope`.
    public Matrix rows(int from, int to) {
        long rowBytes = (long) columns * Float.BYTES;
        MemorySegment part = segment.asSlice(from * rowBytes, (to - from) * rowBytes);
        return new Matrix(NativeAddress.tensor(part, to - from, columns), part, to - from, columns);
    }

    /// Where a row begins, in bytes.
    long row(long row) {
        return row * columns * Float.BYTES;
    }
}
