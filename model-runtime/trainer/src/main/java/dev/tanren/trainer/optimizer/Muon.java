package dev.tanren.trainer.optimizer;

import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// Muon (Jordan 2024) for the matrices of hidden layers, and [AdamW] for embeddings, head, norms
/// and biases.
///
/// The momentum of each matrix is brought near the nearest matrix with orthonormal rows or columns
/// before it is applied. Each parameter is a matrix of its own, also where a model stacks several
/// for one product (queries, keys and values; gate and up); but GPT-2's `c_attn`, which is stored
/// as one, is one.
///
/// The step of a matrix is scaled by `0.2·√max(rows, columns)` (Liu et al. 2025, `match_rms_adamw`
/// in PyTorch), which gives it the root mean square that AdamW's steps have: so one learning rate
/// and one weight decay serve both. The arithmetic is fp32, where PyTorch's orthogonalisation is
/// bf16.
public final class Muon implements Optimizer {

    private static final double MATCHED_RMS = 0.2;

    private final FlatBuffer weights;
    private final List<ParameterLayout.Entry> matrices;
    private final StateBuffer momentumBuffer;
    private final Settings settings;
    private final AdamW others;

    /// @param adamW of the parameters that are no hidden matrices
    public record Settings(Momentum momentum, WeightDecay decay, AdamW.Settings adamW) {}

    /// @param weights stay the caller's
    public Muon(ParameterLayout layout, FlatBuffer weights, Settings settings) {
        this.weights = weights;
        this.settings = settings;
        this.matrices = layout.entries().stream().filter(Muon::hidden).toList();
        this.momentumBuffer = new StateBuffer("muon.momentum_buffer", matrices);
        this.others =
                new AdamW(
                        layout.entries().stream().filter(entry -> !hidden(entry)).toList(),
                        weights,
                        settings.adamW());
    }

    private static boolean hidden(ParameterLayout.Entry entry) {
        return entry.role() == Role.MATRIX;
    }

    @Override
    public String type() {
        return "muon";
    }

    @Override
    public void step(FlatBuffer gradient, long step, double learningRate, double gradientScale) {
        others.step(gradient, step, learningRate, gradientScale);
        for (ParameterLayout.Entry matrix : matrices) {
            try (PointerScope _ = new PointerScope()) {
                Tensor direction = direction(matrix, gradient.view(matrix), gradientScale);
                apply(matrix, direction, learningRate);
            }
        }
    }

    /// `b = μ·b + (1-μ)·g`, and with Nesterov's look ahead `μ·b + (1-μ)·g` of the new `b`.
    private Tensor direction(ParameterLayout.Entry matrix, Tensor gradient, double gradientScale) {
        double momentum = settings.momentum().factor();
        Scalar old = new Scalar(momentum);
        Scalar fresh = new Scalar((1 - momentum) * gradientScale);
        Tensor buffer = momentumBuffer.tensor(matrix);
        buffer.mul_(old).add_(gradient, fresh);
        return settings.momentum().nesterov() ? buffer.mul(old).add_(gradient, fresh) : buffer;
    }

    private void apply(ParameterLayout.Entry matrix, Tensor direction, double learningRate) {
        long longer = Math.max(matrix.shape()[0], matrix.shape()[1]);
        double rate = learningRate * MATCHED_RMS * Math.sqrt((double) longer);
        WeightDecay decay = settings.decay();
        weights.view(matrix)
                .mul_(new Scalar(decay.keep(learningRate, decay.appliesTo(matrix))))
                .add_(Orthogonalisation.of(direction), new Scalar(-rate));
    }

    @Override
    public List<State> state() {
        return Stream.concat(momentumBuffer.states().stream(), others.state().stream()).toList();
    }

    @Override
    public void close() {
        momentumBuffer.close();
        others.close();
    }
}
