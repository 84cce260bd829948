package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Stochastic gradient descent with momentum as PyTorch has it (`b = μ·b + g`, Sutskever et al.
/// 2013, without dampening), and with decoupled weight decay, which PyTorch's has not.
public final class Sgd implements Optimizer {

    private static final ThreadLocal<float[][]> TILES =
            ThreadLocal.withInitial(() -> new float[3][FlatPass.TILE]);

    private final MemorySegment weights;
    private final StateBuffer momentumBuffer;
    private final Settings settings;
    private final FlatPass pass;

    public record Settings(Momentum momentum, WeightDecay decay) {}

    private record Coefficients(
            float momentum, float fresh, float old, float rate, float keep, float scale) {}

    /// @param parameters that it changes; others stay as they are
    /// @param weights stay the caller's
    public Sgd(List<ParameterLayout.Entry> parameters, FlatBuffer weights, Settings settings) {
        this.weights = weights.segment();
        this.momentumBuffer = new StateBuffer("sgd.momentum_buffer", parameters);
        this.settings = settings;
        this.pass = new FlatPass(parameters, momentumBuffer::offset, settings.decay());
    }

    @Override
    public String type() {
        return "sgd";
    }

    @Override
    public void step(FlatBuffer gradient, long step, double learningRate, double gradientScale) {
        MemorySegment gradients = gradient.segment();
        Coefficients decaying = coefficients(learningRate, gradientScale, true);
        Coefficients steady = coefficients(learningRate, gradientScale, false);
        pass.run(
                (at, state, count, decays) ->
                        update(gradients, at, state, count, decays ? decaying : steady));
    }

    private Coefficients coefficients(double learningRate, double gradientScale, boolean decays) {
        float momentum = (float) settings.momentum().factor();
        boolean nesterov = settings.momentum().nesterov();
        return new Coefficients(
                momentum,
                nesterov ? 1 : 0,
                nesterov ? momentum : 1,
                (float) learningRate,
                (float) settings.decay().keep(learningRate, decays),
                (float) gradientScale);
    }

    private void update(
            MemorySegment gradients, long at, long state, int count, Coefficients coefficients) {
        float[][] tiles = TILES.get();
        MemorySegment.copy(weights, JAVA_FLOAT, at, tiles[0], 0, count);
        MemorySegment.copy(gradients, JAVA_FLOAT, at, tiles[1], 0, count);
        MemorySegment.copy(momentumBuffer.segment(), JAVA_FLOAT, state, tiles[2], 0, count);
        update(tiles[0], tiles[1], tiles[2], count, coefficients);
        MemorySegment.copy(tiles[0], 0, weights, JAVA_FLOAT, at, count);
        MemorySegment.copy(tiles[2], 0, momentumBuffer.segment(), JAVA_FLOAT, state, count);
    }

    private static void update(
            float[] weight, float[] gradient, float[] buffer, int count, Coefficients c) {
        float momentum = c.momentum;
        float fresh = c.fresh;
        float old = c.old;
        float rate = c.rate;
        float keep = c.keep;
        float scale = c.scale;
        for (int i = 0; i < count; i++) {
            float g = gradient[i] * scale;
            float b = momentum * buffer[i] + g;
            buffer[i] = b;
            weight[i] = weight[i] * keep - rate * (fresh * g + old * b);
        }
    }

    @Override
    public List<State> state() {
        return momentumBuffer.states();
    }

    @Override
    public void close() {
        momentumBuffer.close();
    }
}
