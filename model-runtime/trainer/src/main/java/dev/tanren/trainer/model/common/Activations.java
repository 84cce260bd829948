package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/// Memory for activations, by name: taken once, used again by every micro-batch, so a step
/// allocates next to nothing.
///
/// A name is a place: asking again gives the same memory, with what it held, as long as the shape
/// stays. Not thread-safe.
public final class Activations implements AutoCloseable {

    private final Map<String, Slot> slots = new HashMap<>();

    private static final class Slot {

        final Arena arena = Arena.ofShared();
        final Matrix matrix;

        Slot(Format format, int rows, int columns) {
            long bytes = (long) rows * columns * format.bytes();
            matrix = Matrix.over(arena.allocate(bytes, 64), format, rows, columns);
            matrix.tensor().retainReference();
        }

        boolean is(Format format, int rows, int columns) {
            return matrix.format() == format
                    && matrix.rows() == rows
                    && matrix.columns() == columns;
        }

        void free() {
            matrix.tensor().releaseReference();
            arena.close();
        }
    }

    /// A matrix of this shape; what it holds is undefined where the name is new or had another
    /// shape.
    public Matrix matrix(String name, Format format, int rows, int columns) {
        Slot slot = slots.get(name);
        if (slot != null && slot.is(format, rows, columns)) {
            return slot.matrix;
        }
        if (slot != null) {
            slot.free();
        }
        Slot fresh = new Slot(format, rows, columns);
        slots.put(name, fresh);
        return fresh.matrix;
    }

    /// Bytes that are taken.
    public long bytes() {
        return slots.values().stream().mapToLong(slot -> slot.matrix.segment().byteSize()).sum();
    }

    @Override
    public void close() {
        slots.values().forEach(Slot::free);
        slots.clear();
    }
}
