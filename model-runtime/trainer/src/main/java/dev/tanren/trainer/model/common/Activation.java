package dev.tanren.trainer.model.common;

/// The non-linearity between the two products of a feed-forward part, row by row.
///
/// Legend: N places, I inputs, O outputs.
public interface Activation {

    /// How many outputs a row of so many inputs has.
    int outputs(int inputs);

    void forward(Matrix inputs_NI, Matrix outputs_NO);

    /// Puts the outputs where their gradient was, and the gradient of the inputs where they were.
    void backward(Matrix gradientThenOutputs_NO, Matrix inputsThenGradient_NI);
}
