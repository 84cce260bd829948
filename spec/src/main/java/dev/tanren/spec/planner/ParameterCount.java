package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;

/// How many weights a decoder has, by part.
///
/// @param embedding weights of the input embedding
/// @param positions weights of learned position embeddings; 0 where positions are rotary
/// @param attention weights of the attention projections of all layers, biases included
/// @param feedForward weights of the feed-forward projections of all layers, biases included
/// @param norms weights of all norms
/// @param head weights of the output embedding; 0 when it is the input embedding
public record ParameterCount(
        long embedding, long positions, long attention, long feedForward, long norms, long head) {

    public static ParameterCount of(Architecture shape) {
        long d = shape.hiddenSize();
        long layers = shape.layers();
        long ff = shape.intermediateSize();
        long queries = (long) shape.heads() * shape.effectiveHeadSize();
        long keys = (long) shape.keyValueHeads() * shape.effectiveHeadSize();
        long attention = 2 * d * queries + 2 * d * keys;
        long embedding = shape.vocabSize() * d;
        long head = shape.tieWordEmbeddings() ? 0 : embedding;
        return switch (shape.family()) {
            case LLAMA, MISTRAL ->
                    new ParameterCount(
                            embedding,
                            0,
                            layers * attention,
                            layers * 3 * d * ff,
                            layers * 2 * d + d,
                            head);
            case QWEN2 ->
                    new ParameterCount(
                            embedding,
                            0,
                            layers * (attention + queries + 2 * keys),
                            layers * 3 * d * ff,
                            layers * 2 * d + d,
                            head);
            case QWEN3 ->
                    new ParameterCount(
                            embedding,
                            0,
                            layers * attention,
                            layers * 3 * d * ff,
                            layers * (2 * d + 2L * shape.effectiveHeadSize()) + d,
                            head);
            case GPT2 ->
                    new ParameterCount(
                            embedding,
                            shape.maximumPositions() * d,
                            layers * (attention + 4 * d),
                            layers * (2 * d * ff + ff + d),
                            layers * 4 * d + 2 * d,
                            head);
        };
    }

    /// How [#total] comes about.
    public static String formula(Family family) {
        String matrices = "2·d·heads·headSize + 2·d·kv·headSize + 3·d·ff + 2·d";
        String ends = ") + d + vocabSize·d·(1 if tied, else 2)";
        return switch (family) {
            case LLAMA, MISTRAL -> "layers·(" + matrices + ends;
            case QWEN2 -> "layers·(" + matrices + " + heads·headSize + 2·kv·headSize" + ends;
            case QWEN3 -> "layers·(" + matrices + " + 2·headSize" + ends;
            case GPT2 ->
                    "layers·(4·d² + 2·d·ff + ff + 9·d) + 2·d + maximumPositions·d + vocabSize·d·(1"
                            + " if tied, else 2)";
        };
    }

    /// All of them.
    public long total() {
        return embedding + positions + attention + feedForward + norms + head;
    }

    /// Those that take part in each token's arithmetic: all but an untied input embedding and
    /// learned positions, which are only looked up.
    public long active() {
        return total() - positions - (head == 0 ? 0 : embedding);
    }
}
