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
    private final @Nullable GradientScratch scratch;
    private @Nullable Matrix weight;
    private @Nullable Matrix gradient;

    /// @param first the parameter, or the first of neighbours that make `rows · columns` elements
    ///     together
    /// @param scratch where products are bf16
    Parameter(
            ParameterLayout.Entry first, int rows, int columns, @Nullable GradientScratch scratch) {
        this.first = first;
        this.rows = rows;
        this.columns = columns;
        this.scratch = scratch;
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

    /// Adds a product of two matrices to the gradient.
    ///
    /// Legend: R rows, C columns, N places.
    void addToGradient(Tensor left_RN, Tensor right_NC) {
        if (scratch == null) {
            Products.add(gradient().tensor(), left_RN, right_NC);
        } else {
            scratch.addProduct(gradient(), left_RN, right_NC);
        }
    }

    void useWeight(FlatBuffer weights) {
        if (scratch == null || first.vector()) {
            weight = in(weights);
        }
    }

    /// From now on a matrix is that of the copy.
    void useCopy(WorkingWeights copy) {
        if (!first.vector()) {
            weight = copy.view(first, rows, columns);
        }
    }

    void useGradient(FlatBuffer gradients) {
        gradient = in(gradients);
    }

    private Matrix in(FlatBuffer buffer) {
        long bytes = (long) rows * columns * Float.BYTES;
        MemorySegment part = buffer.segment().asSlice(first.offset() * Float.BYTES, bytes);
        return new Matrix(buffer.view(first, rows, columns), part, Format.FLOAT32, rows, columns);
    }
}
