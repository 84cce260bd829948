package dev.tanren.plan.family;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One tensor of a model's weights, as Hugging Face checkpoints have it, and all that must be known
/// of it wherever it is laid out, checked, counted, initialised, decayed or split.
///
/// @param name as in checkpoints
/// @param shape row-major, each at least 1
/// @param split how tensor parallelism cuts it; null where each rank has the whole
/// @param stack what parameters have in common that lie beside each other, since one matrix product
///     serves them (queries, keys and values; gate and up); null where it stands alone
public record ModelParameter(
        String name,
        List<Long> shape,
        Role role,
        Part part,
        Initialisation initialisation,
        @Nullable Split split,
        @Nullable String stack) {

    public ModelParameter {
        shape = List.copyOf(shape);
        for (long size : shape) {
            if (size < 1) {
                throw new IllegalArgumentException(
                        name + " has a dimension of " + size + " elements");
            }
        }
    }

    /// What a parameter is to an optimizer.
    public enum Role {
        /// Rows that tokens or positions look up; the head too where it is tied to it.
        EMBEDDING,
        /// The projection to the vocabulary.
        HEAD,
        /// Any other matrix.
        MATRIX,
        /// A norm's gain.
        NORM,
        /// Of a projection or a norm.
        BIAS
    }

    /// What it is part of, by which parameters are counted.
    public enum Part {
        EMBEDDING,
        POSITIONS,
        ATTENTION,
        FEED_FORWARD,
        NORMS,
        HEAD
    }

    /// What it holds before the first step.
    public enum Initialisation {
        /// Normal with deviation 0.02.
        NORMAL,
        /// Of a projection that writes into the residual stream: normal with deviation 0.02 /
        /// √(2 · layers), as in GPT-2 (Radford et al. 2019).
        RESIDUAL,
        ONES,
        ZEROS
    }

    /// A cut into equal runs along one axis, one for each tensor-parallel rank.
    ///
    /// @param axis 0 or 1
    /// @param sections sizes of what lies along the axis and is cut by itself: three where queries,
    ///     keys and values are one tensor
    public record Split(int axis, List<Long> sections) {
        public Split {
            sections = List.copyOf(sections);
            if (axis < 0 || axis > 1 || sections.isEmpty()) {
                throw new IllegalArgumentException("no split: axis " + axis + " in " + sections);
            }
        }
    }

    /// Rows that tokens look up.
    static ModelParameter embedding(String name, long rows, long columns) {
        return overVocabulary(Role.EMBEDDING, Part.EMBEDDING, name, rows, columns);
    }

    /// A head of its own.
    static ModelParameter head(String name, long rows, long columns) {
        return overVocabulary(Role.HEAD, Part.HEAD, name, rows, columns);
    }

    private static ModelParameter overVocabulary(
            Role role, Part part, String name, long rows, long columns) {
        return new ModelParameter(
                name,
                List.of(rows, columns),
                role,
                part,
                Initialisation.NORMAL,
                new Split(0, List.of(rows)),
                null);
    }

    /// Learned positions, which every rank adds.
    static ModelParameter positions(String name, long rows, long columns) {
        return new ModelParameter(
                name,
                List.of(rows, columns),
                Role.EMBEDDING,
                Part.POSITIONS,
                Initialisation.NORMAL,
                null,
                null);
    }

    static ModelParameter gain(String name, long size) {
        return new ModelParameter(
                name, List.of(size), Role.NORM, Part.NORMS, Initialisation.ONES, null, null);
    }

    static ModelParameter normBias(String name, long size) {
        return new ModelParameter(
                name, List.of(size), Role.BIAS, Part.NORMS, Initialisation.ZEROS, null, null);
    }

    static ModelParameter matrix(Part part, String name, long rows, long columns) {
        return new ModelParameter(
                name, List.of(rows, columns), Role.MATRIX, part, Initialisation.NORMAL, null, null);
    }

    static ModelParameter bias(Part part, String name, long size) {
        return new ModelParameter(
                name, List.of(size), Role.BIAS, part, Initialisation.ZEROS, null, null);
    }

    ModelParameter split(int axis) {
        return split(axis, shape.get(axis));
    }

    ModelParameter split(int axis, Long... sections) {
        return new ModelParameter(
                name, shape, role, part, initialisation, new Split(axis, List.of(sections)), stack);
    }

    ModelParameter stacked(String with) {
        return new ModelParameter(name, shape, role, part, initialisation, split, with);
    }

    ModelParameter writingResidual() {
        return new ModelParameter(name, shape, role, part, Initialisation.RESIDUAL, split, stack);
    }

    /// @throws ArithmeticException where they are more than a `long` counts
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /// Whether it is a vector (a norm's gain or a bias) rather than a matrix.
    public boolean vector() {
        return role == Role.NORM || role == Role.BIAS;
    }
}
