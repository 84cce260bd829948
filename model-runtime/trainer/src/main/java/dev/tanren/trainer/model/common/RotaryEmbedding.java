package dev.tanren.trainer.model.common;

/// Rotary position embeddings (Su et al. 2021) with the halves of a head as pairs, as Hugging
/// Face's `rotate_half` has it.
///
/// Angles are rounded as in transformers: frequency, angle, cosine and sine each to fp32.
///
/// Legend: N places, W all heads side by side (queries, keys, values).
public interface RotaryEmbedding {

    /// Rotates the first `heads` heads of each row in place.
    ///
    /// @param positions of each row's token inside its document
    void rotate(Matrix heads_NW, int heads, int[] positions);

    /// Gathers the gradients of heads that were rotated so, and turns them back.
    HeadGradients headGradients(HeadShape shape);
}
