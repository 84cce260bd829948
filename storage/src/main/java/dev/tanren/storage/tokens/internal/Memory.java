package dev.tanren.storage.tokens.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Where arrays lie that are too large for the Java heap.
@FunctionalInterface
public interface Memory {

    /// Memory of the process, freed when it is no longer reachable.
    Memory OF_PROCESS = bytes -> Arena.ofAuto().allocate(Math.max(1, bytes), Long.BYTES);

    /// Zeros.
    MemorySegment allocate(long bytes);

    /// Room for so many [BlockPlan#INT].
    default MemorySegment ints(long count) {
        return allocate(count * Integer.BYTES);
    }
}
