package dev.tanren.trainer.parameters;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.family.ModelParameter;
import dev.tanren.plan.family.ModelParameter.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    /// One parameter tensor, row-major.
    ///
    /// @param offset where it begins in the flat buffer, in elements
    public record Entry(ModelParameter parameter, long offset) {

        public String name() {
            return parameter.name();
        }

        public long[] shape() {
            return parameter.shape().stream().mapToLong(size -> size).toArray();
        }

        /// How many elements it has.
        public long elements() {
            return parameter.elements();
        }

        public Role role() {
            return parameter.role();
        }

        /// Whether it is a vector (a norm's gain or a bias) rather than a matrix.
        public boolean vector() {
            return parameter.vector();
        }

        @Override
        public String toString() {
            return name() + parameter.shape() + "@" + offset;
        }
    }

    /// Of a whole model; needs no native library.
    public static ParameterLayout of(Architecture architecture) {
        return of(DecoderFamily.of(architecture).parameters(architecture));
    }

    /// In the order in which they shall lie.
    public static ParameterLayout of(List<ModelParameter> parameters) {
        List<Entry> entries = new ArrayList<>();
        long offset = 0;
        for (ModelParameter parameter : parameters) {
            entries.add(new Entry(parameter, offset));
            offset = Math.addExact(offset, parameter.elements());
        }
        return new ParameterLayout(entries);
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
}
