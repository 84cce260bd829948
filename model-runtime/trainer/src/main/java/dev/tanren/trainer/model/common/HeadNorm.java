package dev.tanren.trainer.model.common;

/// Root-mean-square normalisation of every query head and every key head by itself (Henry et al.
/// 2020), each with one gain for all heads.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number.
public interface HeadNorm {

    /// The width of queries and keys.
    int width();

    /// How many heads are normalised.
    int heads();

    /// Normalises queries and keys in place.
    ///
    /// @param raw_NR receives them as they were, for the backward
    /// @param inverse_NA receives one over the root mean square of each head
    void forward(Matrix heads_NW, Matrix raw_NR, Matrix inverse_NA);

    /// Turns the gradient of the normalised heads, in place, into that of the heads before, and
    /// adds to the gains' gradients.
    void backward(Matrix gradient_NW, Matrix raw_NR, Matrix inverse_NA);
}
