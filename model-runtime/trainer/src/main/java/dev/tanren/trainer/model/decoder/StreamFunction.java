package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;

/// A function on the residual stream with an explicit forward and backward.
///
/// It knows nothing of a micro-batch: whatever a backward needs of its forward is in the [Saved] of
/// both. So several micro-batches may be under way, in any order.
///
/// Legend: N places, H hidden.
public interface StreamFunction {

    /// @param hidden_NH the residual stream before it; lasts until the backward
    /// @return the residual stream after it, in other memory
    Matrix forward(Matrix hidden_NH, Saved saved);

    /// A forward that fills `saved` with the same bits, and need not end in an output.
    default void remake(Matrix hidden_NH, Saved saved) {
        saved.giveBack(forward(hidden_NH, saved));
    }

    /// Adds to the gradients of parameters and turns the gradient of the stream after this, in
    /// place, into that of the stream before it.
    void backward(Matrix gradient_NH, Saved saved);
}
