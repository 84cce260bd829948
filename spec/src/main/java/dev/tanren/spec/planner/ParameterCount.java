package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;

/// How many weights a decoder has, by part.
///
/// @param embedding weights of the input embedding
/// @param attention weights of the attention matrices of all layers
/// @param feedForward weights of the feed-forward matrices of all layers
/// @param norms weights of all norms
/// @param head weights of the output embedding; 0 when it is the input embedding
public record ParameterCount(
        long embedding, long attention, long feedForward, long norms, long head) {

    /// `L·(2·d·nq·hd + 2·d·nkv·hd + 3·d·ff + 2·d) + d + V·d·(1 if tied else 2)`.
    public static ParameterCount of(Architecture shape) {
        long d = shape.hiddenSize();
        long layers = shape.layers();
        long headSize = shape.effectiveHeadSize();
        long embedding = shape.vocabSize() * d;
        return new ParameterCount(
                embedding,
                layers * 2 * d * headSize * (shape.heads() + shape.keyValueHeads()),
                layers * 3 * d * shape.intermediateSize(),
                layers * 2 * d + d,
                shape.tieWordEmbeddings() ? 0 : embedding);
    }

    /// All of them.
    public long total() {
        return embedding + attention + feedForward + norms + head;
    }

    /// Those that take part in each token's arithmetic: all but an untied input embedding, which
    /// is only looked up.
    public long active() {
        return total() - (head == 0 ? 0 : embedding);
    }
}
