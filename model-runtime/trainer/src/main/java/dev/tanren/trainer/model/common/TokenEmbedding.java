package dev.tanren.trainer.model.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import java.lang.foreign.MemorySegment;

/// A row of the embedding for each token.
///
/// Legend: N places, V vocabulary, H hidden.
public final class TokenEmbedding {

    private static final int BLOCK = 256;

    /// Columns that one thread takes at once in the backward, where rows may meet in one token.
    private static final int COLUMNS = 64;

    private TokenEmbedding() {}

    /// @throws IllegalArgumentException when a token is not in the vocabulary
    public static void forward(int[] tokens, Matrix embedding_VH, Matrix hidden_NH) {
        for (int token : tokens) {
            if (token < 0 || token >= embedding_VH.rows()) {
                throw new IllegalArgumentException(
                        "token " + token + " in a vocabulary of " + embedding_VH.rows());
            }
        }
        long bytes = (long) hidden_NH.columns() * Float.BYTES;
        ComputeThreads.loop(
                tokens.length,
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        MemorySegment.copy(
                                embedding_VH.segment(),
                                embedding_VH.row(tokens[(int) n]),
                                hidden_NH.segment(),
                                hidden_NH.row(n),
                                bytes);
                    }
                });
    }

    /// Adds each place's gradient to its token's row, in the order of places.
    public static void backward(int[] tokens, Matrix gradient_NH, Matrix embeddingGradient_VH) {
        ComputeThreads.loop(
                gradient_NH.columns(),
                COLUMNS,
                (from, to) -> {
                    int count = (int) (to - from);
                    float[] sum = new float[count];
                    float[] part = new float[count];
                    MemorySegment target = embeddingGradient_VH.segment();
                    for (int n = 0; n < tokens.length; n++) {
                        long row = embeddingGradient_VH.row(tokens[n]) + from * Float.BYTES;
                        long place = gradient_NH.row(n) + from * Float.BYTES;
                        MemorySegment.copy(target, JAVA_FLOAT, row, sum, 0, count);
                        MemorySegment.copy(
                                gradient_NH.segment(), JAVA_FLOAT, place, part, 0, count);
                        add(sum, part, count);
                        MemorySegment.copy(sum, 0, target, JAVA_FLOAT, row, count);
                    }
                });
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
