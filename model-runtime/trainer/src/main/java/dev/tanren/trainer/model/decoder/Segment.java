package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;

/// A part of the model on the residual stream, with an explicit forward and backward.
///
/// Legend: N places, H hidden.
public interface Segment {

    /// The layer it belongs to, from 0; a layer's segments follow each other.
    int layer();

    /// @return the residual stream after this part, in other memory
    Matrix forward(Matrix hidden_NH, Pass pass);

    /// Makes again, with the same bits, what [#backward] reads and the pass did not keep. The
    /// input of the last forward is still there.
    void recompute(Pass pass);

    /// Adds to the gradients of its parameters and turns the gradient of the stream after this
    /// part, in place, into that of the stream before it.
    void backward(Matrix gradient_NH, Pass pass);
}
