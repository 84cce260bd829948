package dev.tanren.trainer.model.common;

/// A norm of queries and keys, each with one gain for all heads.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number, D head size.
public record HeadNorm(
        Operators operators,
        HeadShape shape,
        Parameter queryGain_1D,
        Parameter keyGain_1D,
        double epsilon) {

    /// The width of queries and keys.
    public int width() {
        return heads() * shape.headSize();
    }

    /// How many heads are normalised.
    public int heads() {
        return shape.rotated();
    }

    /// Normalises queries and keys in place.
    ///
    /// @param raw_NR receives them as they were, for the backward
    /// @param inverse_NA receives one over the root mean square of each head
    public void forward(Matrix heads_NW, Matrix raw_NR, Matrix inverse_NA) {
        operators.headNorm(
                heads_NW,
                shape,
                queryGain_1D.weight(),
                keyGain_1D.weight(),
                epsilon,
                raw_NR,
                inverse_NA);
    }

    /// Turns the gradient of the normalised heads, in place, into that of the heads before, and
    /// adds to the gains' gradients.
    public void backward(Matrix gradient_NW, Matrix raw_NR, Matrix inverse_NA) {
        operators.headNormBackward(
                gradient_NW,
                shape,
                queryGain_1D.weight(),
                keyGain_1D.weight(),
                raw_NR,
                inverse_NA,
                queryGain_1D.gradient(),
                keyGain_1D.gradient());
    }
}
