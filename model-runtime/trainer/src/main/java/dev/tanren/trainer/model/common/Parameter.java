package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A weight matrix (or a vector, as one row) with its gradient, whichever buffers they lie in at
/// the moment.
///
/// Vectors and all gradients are fp32; matrices have the format of the decoder's products.
public final class Parameter {

    private final ParameterLayout.Entry first;
    private final int rows;
    private final int columns;
    private final Operators operators;
    private final Format format;
    private @Nullable Matrix weight;
    private @Nullable Matrix gradient;

    /// @param first the parameter, or the first of neighbours that make `rows · columns` elements
    ///     together
    /// @param format of products with it
    Parameter(
            ParameterLayout.Entry first,
            int rows,
            int columns,
            Operators operators,
            Format format) {
        this.first = first;
        this.rows = rows;
        this.columns = columns;
        this.operators = operators;
        this.format = format;
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
            throw new IllegalStateException("no gradients yet: call useGradients first");
        }
        return bound;
    }

    /// Adds a product of two matrices to the gradient.
    ///
    /// Legend: R rows, C columns, N places.
    void addToGradient(Tensor left_RN, Tensor right_NC) {
        operators.addProduct(gradient(), left_RN, right_NC, format);
    }

    /// @param copy of weights, always the same; where it has this parameter, that is the weight,
    ///     whichever weights the copy is of
    void useWeight(FlatBuffer weights, WorkingWeights copy) {
        if (!copy.has(first)) {
            weight = in(weights);
        } else if (weight == null) {
            weight = copy.view(first, rows, columns);
        }
    }

    void useGradient(FlatBuffer gradients) {
        gradient = in(gradients);
    }

    private Matrix in(FlatBuffer buffer) {
        Tensor view = buffer.view(first, rows, columns);
        if (!buffer.inHostMemory()) {
            return Matrix.of(view, Format.FLOAT32, rows, columns);
        }
        long bytes = (long) rows * columns * Float.BYTES;
        MemorySegment part = buffer.segment().asSlice(first.offset() * Float.BYTES, bytes);
        return new Matrix(view, part, Format.FLOAT32, rows, columns);
    }
}
