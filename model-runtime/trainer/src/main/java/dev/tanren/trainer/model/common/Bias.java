package dev.tanren.trainer.model.common;

/// A vector added to every row, and its gradient.
///
/// Legend: N places, O outputs.
public interface Bias {

    /// Makes every row the bias, for a product to be added to.
    void fill(Matrix outputs_NO);

    /// `outputs = inputs + bias`.
    void copyWith(Matrix inputs_NO, Matrix outputs_NO);

    /// Adds the sum of the rows to the bias's gradient.
    void addGradient(Matrix gradient_NO);
}
