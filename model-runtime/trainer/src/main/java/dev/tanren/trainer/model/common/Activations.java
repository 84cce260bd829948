package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

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

        Slot(int rows, int columns) {
            MemorySegment segment = arena.allocate((long) rows * columns * Float.BYTES, 64);
            Tensor tensor = NativeAddress.tensor(segment, rows, columns);
            tensor.retainReference();
            matrix = new Matrix(tensor, segment, rows, columns);
        }

        void free() {
            matrix.tensor().releaseReference();
            arena.close();
        }
    }

    /// A matrix of this shape; what it holds is undefined where the name is new or had another
    /// shape.
    public Matrix matrix(String name, int rows, int columns) {
        Slot slot = slots.get(name);
        if (slot != null && slot.matrix.rows() == rows && slot.matrix.columns() == columns) {
            return slot.matrix;
        }
        if (slot != null) {
            slot.free();
        }
        Slot fresh = new Slot(rows, columns);
        slots.put(name, fresh);
        return fresh.matrix;
    }

    @Override
    public void close() {
        slots.values().forEach(Slot::free);
        slots.clear();
    }
}
