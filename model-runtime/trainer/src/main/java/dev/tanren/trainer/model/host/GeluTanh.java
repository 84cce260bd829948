package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;

/// The Gaussian error linear unit by its approximation with a hyperbolic tangent (Hendrycks and
/// Gimpel 2016), transformers' `gelu_new`, forward and backward as one pass each.
///
/// With `u = √(2/π) · (x + 0.044715 · x³)` it is `x · (1 + tanh u) / 2`, which equals `x / (1 +
/// e^(-2u))`.
///
/// Legend: N places, I intermediate.
final class GeluTanh {

    private static final int BLOCK = 32;
    private static final float TWICE_ROOT = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBIC = 0.044715f;

    private static final ThreadLocal<Row> ROWS = ThreadLocal.withInitial(() -> new Row(0));

    private GeluTanh() {}

    private static final class Row {
        final float[] input;
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
            input = new float[size];
            decay = new float[size];
            gradient = new float[size];
            exponential = new Exponential(size);
        }
    }

    static void forward(Matrix inputs_NI, Matrix outputs_NI) {
        int count = inputs_NI.columns();
        ComputeThreads.loop(
                inputs_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Row row = Row.of(count);
                    for (long n = from; n < to; n++) {
                        load(inputs_NI, n, row);
                        gated(row.input, row.decay, count);
                        Rows.write(row.input, outputs_NI, n);
                    }
                });
    }

    /// Puts the output where its gradient was, and the gradient of the inputs where they were.
    ///
    /// @param gradientThenOutput_NI the output's gradient; becomes the output
    /// @param inputsThenGradient_NI inputs; become their gradient
    static void backward(Matrix gradientThenOutput_NI, Matrix inputsThenGradient_NI) {
        int count = inputsThenGradient_NI.columns();
        ComputeThreads.loop(
                inputsThenGradient_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Row row = Row.of(count);
                    for (long n = from; n < to; n++) {
                        load(inputsThenGradient_NI, n, row);
                        Rows.read(gradientThenOutput_NI, n, row.gradient);
                        gradients(row.input, row.decay, row.gradient, count);
                        Rows.write(row.decay, gradientThenOutput_NI, n);
                        Rows.write(row.input, inputsThenGradient_NI, n);
                    }
                });
    }

    /// Leaves `e^(-2u)` in `decay`.
    private static void load(Matrix inputs_NI, long n, Row row) {
        int count = inputs_NI.columns();
        Rows.read(inputs_NI, n, row.input);
        doubled(row.input, row.decay, count);
        row.exponential.apply(row.decay, -1f, 0f, count);
    }

    private static void doubled(float[] x, float[] twice, int count) {
        for (int i = 0; i < count; i++) {
            twice[i] = TWICE_ROOT * x[i] * (1f + CUBIC * x[i] * x[i]);
        }
    }

    private static void gated(float[] x, float[] decay, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = x[i] / (1f + decay[i]);
        }
    }

    private static void gradients(float[] x, float[] decay, float[] gradient, int count) {
        for (int i = 0; i < count; i++) {
            float share = 1f / (1f + decay[i]);
            float output = x[i] * share;
            float rise = TWICE_ROOT * (1f + 3f * CUBIC * x[i] * x[i]);
            decay[i] = output;
            x[i] = gradient[i] * (share + output * (1f - share) * rise);
        }
    }
}
