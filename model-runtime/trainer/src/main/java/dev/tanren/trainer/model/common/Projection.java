package dev.tanren.trainer.model.common;

/// A matrix product with a weight, and a bias where the family has one, into memory that is there
/// already.
///
/// Legend: N places, I inputs, O outputs.
public interface Projection {

    /// The width of its outputs.
    int outputs();

    void forward(Matrix inputs_NI, Matrix outputs_NO);

    /// The same onto a residual: `outputs = residual + projected inputs`.
    void forwardOnto(Matrix residual_NO, Matrix inputs_NI, Matrix outputs_NO);

    void inputGradient(Matrix gradient_NO, Matrix inputGradient_NI);

    /// Adds to the gradients of its parameters.
    void parameterGradient(Matrix gradient_NO, Matrix inputs_NI);
}
