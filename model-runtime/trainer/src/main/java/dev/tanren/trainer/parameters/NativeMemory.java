package dev.tanren.trainer.parameters;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Zeroed memory outside the heap that any thread may use, until it is freed.
public final class NativeMemory implements AutoCloseable {

    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    public NativeMemory(long bytes) {
        segment = arena.allocate(bytes, ALIGNMENT);
    }

    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        arena.close();
    }
}
