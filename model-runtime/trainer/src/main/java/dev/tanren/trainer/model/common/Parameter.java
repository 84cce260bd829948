package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.jspecify.annotations.Nullable;

/// A weight matrix (or a vector, as one row) with its gradient, whichever buffers they lie in at
/// the moment.
public final class Parameter {

    private final ParameterLayout.Entry first;
    private final int rows;
    private final int columns;
    private @Nullable Matrix weight;
    private @Nullable Matrix gradient;

    /// @param first the parameter, or the first of neighbours that make `rows · columns` elements
    ///     together
    Parameter(ParameterLayout.Entry first, int rows, int columns) {
        this.first = first;
        this.rows = rows;
        this.columns = columns;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /// @throws IllegalStateException before the decoder has been given weights
    public Matrix weight() {
        Matrix bound = weight;
        if (bound == null) {
            throw new IllegalStateException("no weights yet: call useWeights first");
        }
        return bound;
    }

    /// @throws IllegalStateException before the decoder has been given a gradient buffer
    public Matrix gradient() {
        Matrix bound = gradient;
        if (bound == null) {
            throw new IllegalStateException("no gradients yet: call accumulateGradientsInto first");
        }
        return bound;
    }

    void useWeight(FlatBuffer weights) {
        weight = in(weights);
    }

    void useGradient(FlatBuffer gradients) {
        gradient = in(gradients);
    }

    private Matrix in(FlatBuffer buffer) {
        long bytes = (long) rows * columns * Float.BYTES;
        return new Matrix(
                buffer.view(first, rows, columns),
                buffer.segment().asSlice(first.offset() * Float.BYTES, bytes),
                rows,
                columns);
    }
}
