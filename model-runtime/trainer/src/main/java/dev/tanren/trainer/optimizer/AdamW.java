package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019), in the order of operations of
/// PyTorch's, as one pass over the four buffers.
///
/// Matrices decay, vectors (norms) do not. Every element is computed by itself, so the bits do not
/// depend on threads or chunks.
public final class AdamW {

    /// Elements that one thread takes at once.
    private static final long CHUNK = 1 << 16;

    /// Elements that are in the first-level cache at once. C2 vectorises loops over arrays, where
    /// it can prove that they do not overlap, but not over native memory.
    private static final int TILE = 2048;

    private static final ThreadLocal<float[][]> TILES =
            ThreadLocal.withInitial(() -> new float[4][TILE]);

    private final MemorySegment weights;
    private final MemorySegment expAvg;
    private final MemorySegment expAvgSq;
    private final Settings settings;
    private final List<Range> ranges;

    /// @param weightDecay fraction of a weight that a step takes away, times the learning rate
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {}

    private record Range(long from, long to, boolean decays) {}

    private record Coefficients(
            float beta1,
            float beta2,
            float keep,
            float stepSize,
            float root,
            float epsilon,
            float scale) {}

    /// The buffers stay the caller's; all have the layout's size.
    public AdamW(
            ParameterLayout layout,
            FlatBuffer weights,
            FlatBuffer expAvg,
            FlatBuffer expAvgSq,
            Settings settings) {
        this.weights = weights.segment();
        this.expAvg = expAvg.segment();
        this.expAvgSq = expAvgSq.segment();
        this.settings = settings;
        this.ranges = new ArrayList<>();
        for (ParameterLayout.Entry entry : layout.entries()) {
            long end = entry.offset() + entry.elements();
            for (long from = entry.offset(); from < end; from += CHUNK) {
                ranges.add(new Range(from, Math.min(end, from + CHUNK), !entry.vector()));
            }
        }
    }

    /// Changes weights and moments in place.
    ///
    /// @param step counted from 1, for the bias correction
    /// @param gradientScale what the gradient is multiplied with first: the clipping coefficient
    public void step(FlatBuffer gradient, long step, double learningRate, double gradientScale) {
        MemorySegment gradients = gradient.segment();
        Coefficients decaying = coefficients(step, learningRate, gradientScale, true);
        Coefficients steady = coefficients(step, learningRate, gradientScale, false);
        ComputeThreads.loop(
                ranges.size(),
                1,
                (from, to) -> {
                    for (long i = from; i < to; i++) {
                        Range range = ranges.get((int) i);
                        update(range, gradients, range.decays() ? decaying : steady);
                    }
                });
    }

    private Coefficients coefficients(
            long step, double learningRate, double gradientScale, boolean decays) {
        double correction1 = 1 - Math.pow(settings.beta1(), (double) step);
        double correction2 = 1 - Math.pow(settings.beta2(), (double) step);
        return new Coefficients(
                (float) settings.beta1(),
                (float) settings.beta2(),
                decays ? (float) (1 - learningRate * settings.weightDecay()) : 1f,
                (float) (learningRate / correction1),
                (float) (1 / Math.sqrt(correction2)),
                (float) settings.epsilon(),
                (float) gradientScale);
    }

    private void update(Range range, MemorySegment gradients, Coefficients c) {
        float[][] tiles = TILES.get();
        for (long at = range.from(); at < range.to(); at += TILE) {
            int count = (int) Math.min(TILE, range.to() - at);
            long bytes = at * Float.BYTES;
            MemorySegment.copy(weights, JAVA_FLOAT, bytes, tiles[0], 0, count);
            MemorySegment.copy(gradients, JAVA_FLOAT, bytes, tiles[1], 0, count);
            MemorySegment.copy(expAvg, JAVA_FLOAT, bytes, tiles[2], 0, count);
            MemorySegment.copy(expAvgSq, JAVA_FLOAT, bytes, tiles[3], 0, count);
            update(tiles[0], tiles[1], tiles[2], tiles[3], count, c);
            MemorySegment.copy(tiles[0], 0, weights, JAVA_FLOAT, bytes, count);
            MemorySegment.copy(tiles[2], 0, expAvg, JAVA_FLOAT, bytes, count);
            MemorySegment.copy(tiles[3], 0, expAvgSq, JAVA_FLOAT, bytes, count);
        }
    }

    private static void update(
            float[] weight,
            float[] gradient,
            float[] average,
            float[] square,
            int count,
            Coefficients c) {
        float beta1 = c.beta1;
        float beta2 = c.beta2;
        float keep = c.keep;
        float stepSize = c.stepSize;
        float root = c.root;
        float epsilon = c.epsilon;
        float scale = c.scale;
        for (int i = 0; i < count; i++) {
            float g = gradient[i] * scale;
            float m = average[i] + (1 - beta1) * (g - average[i]);
            float v = beta2 * square[i] + (1 - beta2) * g * g;
            average[i] = m;
            square[i] = v;
            weight[i] = weight[i] * keep - stepSize * m / ((float) Math.sqrt(v) * root + epsilon);
        }
    }
}
