package dev.tanren.trainer.parameters;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The order in which a model's parameters lie in a flat buffer, without gaps.
///
/// Names are those of Hugging Face checkpoints. A tied embedding is there once, under
/// `model.embed_tokens.weight`. The order is part of the model family, so it never depends on
/// ranks.
public final class ParameterLayout {

    private final List<Entry> entries;
    private final Map<String, Entry> byName;
    private final long elements;

    private ParameterLayout(List<Entry> entries) {
        this.entries = List.copyOf(entries);
        Map<String, Entry> names = new LinkedHashMap<>();
        long total = 0;
        for (Entry entry : this.entries) {
            if (names.put(entry.name(), entry) != null) {
                throw new IllegalArgumentException("parameter " + entry.name() + " is there twice");
            }
            total += entry.elements();
        }
        this.byName = names;
        this.elements = total;
    }

    /// What a parameter is to an optimizer.
    public enum Role {
        /// Rows that tokens or positions look up; the head too where it is tied to it.
        EMBEDDING,
        /// The projection to the vocabulary.
        HEAD,
        /// Any other matrix.
        HIDDEN,
        /// A norm's gain or a bias.
        VECTOR
    }

    /// One parameter tensor, row-major.
    ///
    /// @param offset where it begins in the flat buffer, in elements
    /// @param elements how many elements it has
    @SuppressWarnings("ArrayRecordComponent") // copied in and out, and compared by content
    public record Entry(String name, long[] shape, long offset, long elements, Role role) {

        public Entry {
            shape = shape.clone();
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        /// Whether it is a vector (a norm's gain or a bias) rather than a matrix.
        public boolean vector() {
            return role == Role.VECTOR;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Entry that
                    && name.equals(that.name)
                    && offset == that.offset
                    && Arrays.equals(shape, that.shape);
        }

        @Override
        public int hashCode() {
            return name.hashCode() * 31 + Long.hashCode(offset);
        }

        @Override
        public String toString() {
            return name + Arrays.toString(shape) + "@" + offset;
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    /// The parameters in the order of their offsets.
    public List<Entry> entries() {
        return entries;
    }

    /// The number of parameters: the sum over all entries.
    public long elements() {
        return elements;
    }

    public boolean contains(String name) {
        return byName.containsKey(name);
    }

    /// @throws IllegalArgumentException when the model has no such parameter
    public Entry entry(String name) {
        Entry entry = byName.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("the model has no parameter " + name);
        }
        return entry;
    }

    /// Collects parameters in the order in which they will lie.
    public static final class Builder {

        private final List<Entry> entries = new ArrayList<>();
        private long offset;

        private Builder() {}

        /// A vector, or a matrix of a hidden layer.
        public Builder add(String name, long... shape) {
            return add(shape.length == 1 ? Role.VECTOR : Role.HIDDEN, name, shape);
        }

        public Builder add(Role role, String name, long... shape) {
            long elements = 1;
            for (long size : shape) {
                if (size < 1) {
                    throw new IllegalArgumentException(
                            name + " has a dimension of " + size + " elements");
                }
                elements = Math.multiplyExact(elements, size);
            }
            entries.add(new Entry(name, shape, offset, elements, role));
            offset = Math.addExact(offset, elements);
            return this;
        }

        public ParameterLayout build() {
            return new ParameterLayout(entries);
        }
    }
}
