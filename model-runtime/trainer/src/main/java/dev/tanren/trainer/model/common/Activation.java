package dev.tanren.trainer.model.common;

/// The non-linearity between the two products of a feed-forward part, row by row.
///
/// Legend: N places, I inputs, O outputs.
public enum Activation {
    /// `silu(gate) · up`, of gates and ups side by side.
    SWIGLU,
    /// transformers' `gelu_new`.
    GELU_TANH;

    /// How many outputs a row of so many inputs has.
    public int outputs(int inputs) {
        return switch (this) {
            case SWIGLU -> inputs / 2;
            case GELU_TANH -> inputs;
        };
    }

    public void forward(Operators operators, Matrix inputs_NI, Matrix outputs_NO) {
        switch (this) {
            case SWIGLU -> operators.swiGlu(inputs_NI, outputs_NO);
            case GELU_TANH -> operators.geluTanh(inputs_NI, outputs_NO);
        }
    }

    /// Puts the outputs where their gradient was, and the gradient of the inputs where they were.
    public void backward(
            Operators operators, Matrix gradientThenOutputs_NO, Matrix inputsThenGradient_NI) {
        switch (this) {
            case SWIGLU -> operators.swiGluBackward(gradientThenOutputs_NO, inputsThenGradient_NI);
            case GELU_TANH ->
                    operators.geluTanhBackward(gradientThenOutputs_NO, inputsThenGradient_NI);
        }
    }
}
