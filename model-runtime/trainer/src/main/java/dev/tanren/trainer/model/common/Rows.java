package dev.tanren.trainer.model.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Copies between rows in native memory and arrays.
final class Rows {

    private Rows() {}

    static void read(Matrix from, long row, float[] to) {
        MemorySegment.copy(from.segment(), JAVA_FLOAT, from.row(row), to, 0, from.columns());
    }

    static void write(float[] from, Matrix to, long row) {
        MemorySegment.copy(from, 0, to.segment(), JAVA_FLOAT, to.row(row), to.columns());
    }
}
