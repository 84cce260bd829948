package dev.tanren.trainer.model.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import java.lang.foreign.MemorySegment;

/// A row of a table for each place: of tokens, or of positions.
///
/// Legend: N places, V rows of the table, H hidden.
public final class Embedding {

    private static final int BLOCK = 256;

    /// Columns that one thread takes at once in the backward, where places may meet in one row.
    private static final int COLUMNS = 64;

    private Embedding() {}

    /// @throws IllegalArgumentException when a token is not in the table
    public static void forward(int[] tokens, Matrix table_VH, Matrix hidden_NH) {
        for (int token : tokens) {
            if (token < 0 || token >= table_VH.rows()) {
                throw new IllegalArgumentException(
                        "token " + token + " in a vocabulary of " + table_VH.rows());
            }
        }
        long bytes = (long) hidden_NH.columns() * Float.BYTES;
        ComputeThreads.loop(
                tokens.length,
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        MemorySegment.copy(
                                table_VH.segment(),
                                table_VH.row(tokens[(int) n]),
                                hidden_NH.segment(),
                                hidden_NH.row(n),
                                bytes);
                    }
                });
    }

    /// Adds the row of each place's position.
    ///
    /// @throws IllegalArgumentException when a position is not in the table
    public static void add(int[] positions, Matrix table_VH, Matrix hidden_NH) {
        for (int position : positions) {
            if (position < 0 || position >= table_VH.rows()) {
                throw new IllegalArgumentException(
                        "position " + position + " in a model of " + table_VH.rows());
            }
        }
        int count = hidden_NH.columns();
        ComputeThreads.loop(
                positions.length,
                BLOCK,
                (from, to) -> {
                    float[] sum = new float[count];
                    float[] part = new float[count];
                    for (long n = from; n < to; n++) {
                        Rows.read(hidden_NH, n, sum);
                        Rows.read(table_VH, positions[(int) n], part);
                        add(sum, part, count);
                        Rows.write(sum, hidden_NH, n);
                    }
                });
    }

    /// Adds each place's gradient to its row of the table, in the order of places.
    public static void backward(int[] rows, Matrix gradient_NH, Matrix tableGradient_VH) {
        ComputeThreads.loop(
                gradient_NH.columns(),
                COLUMNS,
                (from, to) -> {
                    int count = (int) (to - from);
                    float[] sum = new float[count];
                    float[] part = new float[count];
                    MemorySegment target = tableGradient_VH.segment();
                    for (int n = 0; n < rows.length; n++) {
                        long row = tableGradient_VH.row(rows[n]) + from * Float.BYTES;
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
