package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.ComputeThreads;

/// A row of a table for each place: of tokens, or of positions.
///
/// Legend: N places, V rows of the table, H hidden.
public final class Embedding {

    private static final int BLOCK = 256;

    /// Columns that one thread takes at once in the backward, where places may meet in one row.
    private static final int COLUMNS = 64;

    private Embedding() {}

    /// Table and residual stream have one format.
    ///
    /// @throws IllegalArgumentException when a token is not in the table
    public static void forward(int[] tokens, Matrix table_VH, Matrix hidden_NH) {
        for (int token : tokens) {
            if (token < 0 || token >= table_VH.rows()) {
                throw new IllegalArgumentException(
                        "token " + token + " in a vocabulary of " + table_VH.rows());
            }
        }
        ComputeThreads.loop(
                tokens.length,
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        Rows.copy(table_VH, tokens[(int) n], hidden_NH, n);
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
                    for (int n = 0; n < rows.length; n++) {
                        Rows.read(tableGradient_VH, rows[n], from, sum, 0, count);
                        Rows.read(gradient_NH, n, from, part, 0, count);
                        add(sum, part, count);
                        Rows.write(sum, tableGradient_VH, rows[n], from, count);
                    }
                });
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
