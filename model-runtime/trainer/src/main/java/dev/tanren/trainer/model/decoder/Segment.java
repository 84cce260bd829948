package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;

/// A part of the model on the residual stream, with an explicit forward and backward.
///
/// Legend: N places, H hidden.
public interface Segment {

    /// @return the residual stream after this part, in other memory
    Matrix forward(Matrix hidden_NH, Pass pass);

    /// Adds to the gradients of its parameters and turns the gradient of the stream after this
    /// part, in place, into that of the stream before it.
    void backward(Matrix gradient_NH, Pass pass);
}
