package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;

/// The gated unit `silu(gate) · up` (Shazeer 2020), forward and backward as one pass each.
///
/// Legend: N places, I intermediate. Gates and ups lie side by side: `gateUp_N2I`.
final class SwiGlu {

    private static final int BLOCK = 32;

    private static final ThreadLocal<Row> ROWS = ThreadLocal.withInitial(() -> new Row(0));

    private SwiGlu() {}

    private static final class Row {
        final float[] gate;
        final float[] up;
        final float[] decay;
        final float[] gradient;
        final Exponential exponential;

        /// This thread's, of so many columns.
        static Row of(int size) {
            Row row = ROWS.get();
            if (row.gradient.length != size) {
                row = new Row(size);
                ROWS.set(row);
            }
            return row;
        }

        private Row(int size) {
            gate = new float[size];
            up = new float[size];
            decay = new float[size];
            gradient = new float[size];
            exponential = new Exponential(size);
        }
    }

    static void forward(Matrix gateUp_N2I, Matrix product_NI) {
        int intermediate = product_NI.columns();
        ComputeThreads.loop(
                product_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Row row = Row.of(intermediate);
                    for (long n = from; n < to; n++) {
                        load(gateUp_N2I, n, row);
                        gated(row.gate, row.up, row.decay, intermediate);
                        Rows.write(row.up, product_NI, n);
                    }
                });
    }

    /// Puts the product where its gradient was, and the gradients of gates and ups where they were.
    ///
    /// @param gradientThenProduct_NI the product's gradient; becomes the product
    /// @param gateUpThenGradient_N2I gates and ups; become their gradients
    static void backward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I) {
        int intermediate = gradientThenProduct_NI.columns();
        ComputeThreads.loop(
                gradientThenProduct_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Row row = Row.of(intermediate);
                    for (long n = from; n < to; n++) {
                        load(gateUpThenGradient_N2I, n, row);
                        Rows.read(gradientThenProduct_NI, n, row.gradient);
                        gradients(row.gate, row.up, row.decay, row.gradient, intermediate);
                        Rows.write(row.decay, gradientThenProduct_NI, n);
                        Rows.write(row.gate, gateUpThenGradient_N2I, n, 0, intermediate);
                        Rows.write(row.up, gateUpThenGradient_N2I, n, intermediate, intermediate);
                    }
                });
    }

    /// Leaves `e^(-gate)` in `decay`.
    private static void load(Matrix gateUp_N2I, long n, Row row) {
        int intermediate = row.gate.length;
        Rows.read(gateUp_N2I, n, 0, row.gate, 0, intermediate);
        Rows.read(gateUp_N2I, n, intermediate, row.up, 0, intermediate);
        System.arraycopy(row.gate, 0, row.decay, 0, intermediate);
        row.exponential.apply(row.decay, -1f, 0f, intermediate);
    }

    private static void gated(float[] gate, float[] up, float[] decay, int count) {
        for (int i = 0; i < count; i++) {
            up[i] = gate[i] / (1f + decay[i]) * up[i];
        }
    }

    private static void gradients(
            float[] gate, float[] up, float[] decay, float[] gradient, int count) {
        for (int i = 0; i < count; i++) {
            float sigmoid = 1f / (1f + decay[i]);
            float silu = gate[i] * sigmoid;
            float slope = sigmoid * (1f + gate[i] * (1f - sigmoid));
            decay[i] = silu * up[i];
            gate[i] = gradient[i] * up[i] * slope;
            up[i] = gradient[i] * silu;
        }
    }
}
