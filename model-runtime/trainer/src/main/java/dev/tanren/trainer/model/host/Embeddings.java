package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;

/// The backward adds in the order of places.
///
/// Legend: N places, V rows of the table, H hidden.
final class Embeddings {

    private static final int BLOCK = 256;

    /// Columns that one thread takes at once in the backward, where places may meet in one row.
    private static final int COLUMNS = 64;

    private Embeddings() {}

    static void forward(int[] rows, Matrix table_VH, Matrix hidden_NH) {
        ComputeThreads.loop(
                rows.length,
                BLOCK,
                (from, to) -> {
                    for (long n = from; n < to; n++) {
                        Rows.copy(table_VH, rows[(int) n], hidden_NH, n);
                    }
                });
    }

    static void add(int[] rows, Matrix table_VH, Matrix hidden_NH) {
        int count = hidden_NH.columns();
        ComputeThreads.loop(
                rows.length,
                BLOCK,
                (from, to) -> {
                    float[] sum = new float[count];
                    float[] part = new float[count];
                    for (long n = from; n < to; n++) {
                        Rows.read(hidden_NH, n, sum);
                        Rows.read(table_VH, rows[(int) n], part);
                        add(sum, part, count);
                        Rows.write(sum, hidden_NH, n);
                    }
                });
    }

    static void backward(int[] rows, Matrix gradient_NH, Matrix tableGradient_VH) {
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
