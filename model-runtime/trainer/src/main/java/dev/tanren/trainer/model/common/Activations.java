package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import java.util.HashMap;
import java.util.Map;

/// Memory for activations, by name: taken once, used again by every micro-batch, so a step
/// allocates next to nothing.
///
/// A name is a place: asking again gives the same memory, with what it held, as long as the shape
/// stays. Not thread-safe.
public final class Activations implements AutoCloseable {

    private final Kernels kernels;
    private final Map<String, Kernels.OwnedMatrix> slots = new HashMap<>();

    /// @param kernels whose memory it takes
    public Activations(Kernels kernels) {
        this.kernels = kernels;
    }

    /// A matrix of this shape; what it holds is undefined where the name is new or had another
    /// shape.
    public Matrix matrix(String name, Format format, int rows, int columns) {
        Kernels.OwnedMatrix slot = slots.get(name);
        if (slot != null && is(slot.matrix(), format, rows, columns)) {
            return slot.matrix();
        }
        if (slot != null) {
            slot.close();
        }
        Kernels.OwnedMatrix fresh = kernels.allocate(format, rows, columns);
        slots.put(name, fresh);
        return fresh.matrix();
    }

    private static boolean is(Matrix matrix, Format format, int rows, int columns) {
        return matrix.format() == format && matrix.rows() == rows && matrix.columns() == columns;
    }

    /// Bytes that are taken.
    public long bytes() {
        return slots.values().stream().mapToLong(slot -> slot.matrix().bytes()).sum();
    }

    @Override
    public void close() {
        slots.values().forEach(Kernels.OwnedMatrix::close);
        slots.clear();
    }
}
