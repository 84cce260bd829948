package dev.tanren.trainer.model.common;

/// A vector added to every row, and its gradient.
///
/// Legend: N places, O outputs.
public record Bias(Operators operators, Parameter bias_1O) {

    /// Makes every row the bias, for a product to be added to.
    void fill(Matrix outputs_NO) {
        operators.fillWithBias(bias_1O.weight(), outputs_NO);
    }

    /// `outputs = inputs + bias`.
    void copyWith(Matrix inputs_NO, Matrix outputs_NO) {
        operators.addBias(inputs_NO, bias_1O.weight(), outputs_NO);
    }

    /// Adds the sum of the rows to the bias's gradient.
    void addGradient(Matrix gradient_NO) {
        operators.biasBackward(gradient_NO, bias_1O.gradient());
    }
}
