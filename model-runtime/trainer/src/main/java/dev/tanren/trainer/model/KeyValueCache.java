package dev.tanren.trainer.model;

import dev.tanren.trainer.parameters.Format;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/// The keys and values of one sequence, so that each further token costs a pass over itself alone.
///
/// It has room for a fixed number of tokens; keys are stored as attention multiplies them, after
/// their norm and rotation. It takes `2 · layers · key-value heads · capacity · head size` numbers.
/// One thread uses it at a time, with the one decoder that made it.
///
/// Legend: K key-value heads, C capacity, D head size.
public final class KeyValueCache implements AutoCloseable {

    private final Format format;
    private final int capacity;
    private final Arena arena = Arena.ofShared();
    private final List<Layer> layers;
    private int length;

    /// The memory of one layer.
    public record Layer(MemorySegment keys_KCD, MemorySegment values_KCD) {}

    /// @param format of the decoder's activations
    /// @param capacity for how many tokens there is room, at least 1
    public KeyValueCache(Format format, int layers, int keyValueHeads, int headSize, int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("a cache for " + capacity + " tokens");
        }
        this.format = format;
        this.capacity = capacity;
        long bytes = (long) keyValueHeads * capacity * headSize * format.bytes();
        this.layers =
                Stream.generate(() -> new Layer(allocate(bytes), allocate(bytes)))
                        .limit(layers)
                        .toList();
    }

    private MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, 64);
    }

    public Format format() {
        return format;
    }

    public int capacity() {
        return capacity;
    }

    /// How many tokens it holds.
    public int length() {
        return length;
    }

    public Layer layer(int layer) {
        return layers.get(layer);
    }

    /// Counts tokens whose keys and values every layer has written behind the others.
    public void advance(int tokens) {
        requireRoom(tokens);
        length += tokens;
    }

    /// @throws IllegalArgumentException when so many more tokens do not fit
    public void requireRoom(int tokens) {
        if (tokens > capacity - length) {
            throw new IllegalArgumentException(
                    tokens + " tokens after " + length + " in a cache for " + capacity);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
