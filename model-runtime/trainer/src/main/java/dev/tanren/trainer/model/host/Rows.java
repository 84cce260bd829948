package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.Bfloat16;
import java.lang.foreign.MemorySegment;

/// Copies between rows in native memory, of either format, and arrays of fp32. What goes into bf16
/// memory is rounded to the nearest, halves to even.
public final class Rows {

    private Rows() {}

    /// Reads the whole row.
    public static void read(Matrix from, long row, float[] to) {
        read(from, row, 0, to, 0, from.columns());
    }

    /// Reads `count` elements of the row, from `column` on, into `to` from its element `at` on.
    static void read(Matrix from, long row, long column, float[] to, int at, int count) {
        long place = from.place(row, column);
        switch (from.format()) {
            case FLOAT32 -> MemorySegment.copy(from.segment(), JAVA_FLOAT, place, to, at, count);
            case BFLOAT16 -> Bfloat16.read(from.segment(), place, to, at, count);
        }
    }

    /// The same as the bits of fp32 numbers, into the first elements of `to`.
    static void readBits(Matrix from, long row, long column, int[] to, int count) {
        long place = from.place(row, column);
        switch (from.format()) {
            case FLOAT32 -> MemorySegment.copy(from.segment(), JAVA_INT, place, to, 0, count);
            case BFLOAT16 -> Bfloat16.readBits(from.segment(), place, to, count);
        }
    }

    /// One element.
    static float get(Matrix from, long row, long column) {
        long place = from.place(row, column);
        return switch (from.format()) {
            case FLOAT32 -> from.segment().get(JAVA_FLOAT, place);
            case BFLOAT16 -> Bfloat16.widen(from.segment().get(JAVA_SHORT, place));
        };
    }

    /// Writes the whole row.
    static void write(float[] from, Matrix to, long row) {
        write(from, to, row, 0, to.columns());
    }

    /// Writes the first `count` elements of `from` into the row, from `column` on.
    static void write(float[] from, Matrix to, long row, long column, int count) {
        long place = to.place(row, column);
        switch (to.format()) {
            case FLOAT32 -> MemorySegment.copy(from, 0, to.segment(), JAVA_FLOAT, place, count);
            case BFLOAT16 -> Bfloat16.write(from, 0, to.segment(), place, count);
        }
    }

    /// Copies the whole row between matrices of one format, bit for bit.
    static void copy(Matrix from, long row, Matrix to, long target) {
        long bytes = (long) to.columns() * to.format().bytes();
        MemorySegment.copy(from.segment(), from.row(row), to.segment(), to.row(target), bytes);
    }

    /// Makes the row zeros.
    static void clear(Matrix matrix, long row) {
        matrix.segment()
                .asSlice(matrix.row(row), matrix.row(row + 1) - matrix.row(row))
                .fill((byte) 0);
    }
}
