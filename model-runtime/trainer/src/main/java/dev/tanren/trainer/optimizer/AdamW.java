package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019), in the order of operations of
/// PyTorch's, as one pass over weights, gradients and both moments.
public final class AdamW implements Optimizer {

    private static final ThreadLocal<float[][]> TILES =
            ThreadLocal.withInitial(() -> new float[4][FlatPass.TILE]);

    private final MemorySegment weights;
    private final StateBuffer expAvg;
    private final StateBuffer expAvgSq;
    private final Settings settings;
    private final FlatPass pass;

    public record Settings(double beta1, double beta2, double epsilon, WeightDecay decay) {}

    private record Coefficients(
            float beta1,
            float beta2,
            float keep,
            float stepSize,
            float root,
            float epsilon,
            float scale) {}

    /// @param parameters that it changes; others stay as they are
    /// @param weights stay the caller's
    public AdamW(List<ParameterLayout.Entry> parameters, FlatBuffer weights, Settings settings) {
        this.weights = weights.segment();
        this.expAvg = new StateBuffer("adamw.exp_avg", parameters);
        this.expAvgSq = new StateBuffer("adamw.exp_avg_sq", parameters);
        this.settings = settings;
        this.pass = new FlatPass(parameters, expAvg::offset, settings.decay());
    }

    @Override
    public String type() {
        return "adamw";
    }

    @Override
    public void step(FlatBuffer gradient, long step, double learningRate, double gradientScale) {
        MemorySegment gradients = gradient.segment();
        Coefficients decaying = coefficients(step, learningRate, gradientScale, true);
        Coefficients steady = coefficients(step, learningRate, gradientScale, false);
        pass.run(
                (at, state, count, decays) ->
                        update(gradients, at, state, count, decays ? decaying : steady));
    }

    private Coefficients coefficients(
            long step, double learningRate, double gradientScale, boolean decays) {
        double correction1 = 1 - Math.pow(settings.beta1(), (double) step);
        double correction2 = 1 - Math.pow(settings.beta2(), (double) step);
        return new Coefficients(
                (float) settings.beta1(),
                (float) settings.beta2(),
                (float) settings.decay().keep(learningRate, decays),
                (float) (learningRate / correction1),
                (float) (1 / Math.sqrt(correction2)),
                (float) settings.epsilon(),
                (float) gradientScale);
    }

    private void update(
            MemorySegment gradients, long at, long state, int count, Coefficients coefficients) {
        float[][] tiles = TILES.get();
        MemorySegment.copy(weights, JAVA_FLOAT, at, tiles[0], 0, count);
        MemorySegment.copy(gradients, JAVA_FLOAT, at, tiles[1], 0, count);
        MemorySegment.copy(expAvg.segment(), JAVA_FLOAT, state, tiles[2], 0, count);
        MemorySegment.copy(expAvgSq.segment(), JAVA_FLOAT, state, tiles[3], 0, count);
        update(tiles[0], tiles[1], tiles[2], tiles[3], count, coefficients);
        MemorySegment.copy(tiles[0], 0, weights, JAVA_FLOAT, at, count);
        MemorySegment.copy(tiles[2], 0, expAvg.segment(), JAVA_FLOAT, state, count);
        MemorySegment.copy(tiles[3], 0, expAvgSq.segment(), JAVA_FLOAT, state, count);
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

    @Override
    public List<State> state() {
        return Stream.concat(expAvg.states().stream(), expAvgSq.states().stream()).toList();
    }

    @Override
    public void close() {
        expAvg.close();
        expAvgSq.close();
    }
}
