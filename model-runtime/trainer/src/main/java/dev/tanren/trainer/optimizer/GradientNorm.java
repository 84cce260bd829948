package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Sums;
import java.lang.foreign.MemorySegment;

/// The L2 norm of a whole gradient.
public final class GradientNorm {

    private static final int CHUNK = 1 << 16;
    private static final int TILE = 2048;
    private static final ThreadLocal<float[]> TILES =
            ThreadLocal.withInitial(() -> new float[TILE]);

    private GradientNorm() {}

    /// Sums squares in double precision: in order inside chunks of a fixed size, then over the
    /// chunks, so the bits do not depend on threads.
    public static double l2(FlatBuffer gradient) {
        long elements = gradient.elements();
        double[] sums = new double[(int) Math.ceilDiv(elements, (long) CHUNK)];
        MemorySegment segment = gradient.segment();
        ComputeThreads.loop(
                elements,
                CHUNK,
                (from, to) -> {
                    for (long at = from; at < to; at += CHUNK) {
                        sums[(int) (at / CHUNK)] = squares(segment, at, Math.min(to, at + CHUNK));
                    }
                });
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return Math.sqrt(total);
    }

    /// The factor that brings a gradient of norm `norm` down to `limit`; 1 where it is not above
    /// it.
    public static double clippingScale(double norm, double limit) {
        return norm > limit ? limit / (norm + 1e-6) : 1;
    }

    private static double squares(MemorySegment segment, long from, long to) {
        float[] tile = TILES.get();
        double sum = 0;
        for (long at = from; at < to; at += TILE) {
            int count = (int) Math.min(TILE, to - at);
            MemorySegment.copy(segment, JAVA_FLOAT, at * Float.BYTES, tile, 0, count);
            sum += Sums.ofProducts(tile, tile, count);
        }
        return sum;
    }
}
