package dev.tanren.trainer.model.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import java.lang.foreign.MemorySegment;

/// The gated unit `silu(gate) · up` (Shazeer 2020), forward and backward as one pass each.
///
/// Legend: N places, I intermediate. Gates and ups lie side by side: `gateUp_N2I`.
public final class SwiGlu implements Activation {

    private static final int BLOCK = 32;

    private final int intermediate;
    private final ThreadLocal<Rows> rows;

    public SwiGlu(int intermediate) {
        this.intermediate = intermediate;
        this.rows = ThreadLocal.withInitial(() -> new Rows(intermediate));
    }

    private static final class Rows {
        final float[] gate;
        final float[] up;
        final float[] decay;
        final float[] gradient;
        final Exponential exponential;

        Rows(int size) {
            gate = new float[size];
            up = new float[size];
            decay = new float[size];
            gradient = new float[size];
            exponential = new Exponential(size);
        }
    }

    @Override
    public int outputs(int inputs) {
        return inputs / 2;
    }

    @Override
    public void forward(Matrix gateUp_N2I, Matrix product_NI) {
        ComputeThreads.loop(
                product_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Rows row = rows.get();
                    for (long n = from; n < to; n++) {
                        load(gateUp_N2I, n, row);
                        gated(row.gate, row.up, row.decay, intermediate);
                        store(row.up, product_NI, product_NI.row(n));
                    }
                });
    }

    /// Puts the product where its gradient was, and the gradients of gates and ups where they were.
    ///
    /// @param gradientThenProduct_NI the product's gradient; becomes the product
    /// @param gateUpThenGradient_N2I gates and ups; become their gradients
    @Override
    public void backward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I) {
        ComputeThreads.loop(
                gradientThenProduct_NI.rows(),
                BLOCK,
                (from, to) -> {
                    Rows row = rows.get();
                    for (long n = from; n < to; n++) {
                        load(gateUpThenGradient_N2I, n, row);
                        long place = gradientThenProduct_NI.row(n);
                        MemorySegment.copy(
                                gradientThenProduct_NI.segment(),
                                JAVA_FLOAT,
                                place,
                                row.gradient,
                                0,
                                intermediate);
                        gradients(row.gate, row.up, row.decay, row.gradient, intermediate);
                        store(row.decay, gradientThenProduct_NI, place);
                        long gates = gateUpThenGradient_N2I.row(n);
                        store(row.gate, gateUpThenGradient_N2I, gates);
                        store(row.up, gateUpThenGradient_N2I, gates + bytes());
                    }
                });
    }

    private long bytes() {
        return (long) intermediate * Float.BYTES;
    }

    /// Leaves `e^(-gate)` in `decay`.
    private void load(Matrix gateUp_N2I, long n, Rows row) {
        long at = gateUp_N2I.row(n);
        MemorySegment segment = gateUp_N2I.segment();
        MemorySegment.copy(segment, JAVA_FLOAT, at, row.gate, 0, intermediate);
        MemorySegment.copy(segment, JAVA_FLOAT, at + bytes(), row.up, 0, intermediate);
        System.arraycopy(row.gate, 0, row.decay, 0, intermediate);
        row.exponential.apply(row.decay, -1f, 0f, intermediate);
    }

    private void store(float[] values, Matrix to, long at) {
        MemorySegment.copy(values, 0, to.segment(), JAVA_FLOAT, at, intermediate);
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
