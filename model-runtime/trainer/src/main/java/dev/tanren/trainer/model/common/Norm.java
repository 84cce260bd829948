package dev.tanren.trainer.model.common;

/// A normalisation of each row, with its parameters.
///
/// Legend: N places, H hidden, S statistics.
public interface Norm {

    /// How many numbers of each row the backward needs from the forward.
    int statistics();

    /// @param statistics_NS receives what the backward needs
    void forward(Matrix inputs_NH, Matrix outputs_NH, Matrix statistics_NS);

    /// Adds to the inputs' gradient and to those of the parameters.
    void backward(
            Matrix gradient_NH, Matrix inputs_NH, Matrix statistics_NS, Matrix inputGradient_NH);
}
