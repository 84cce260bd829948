package dev.tanren.trainer.optimizer;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Changes weights by their gradient, and owns the state that it needs for that.
///
/// Given the same gradients, the bits of weights and state do not depend on threads of Java's own
/// loops; those of [Muon]'s matrix products do depend on libtorch's, as a model's do.
public sealed interface Optimizer extends AutoCloseable permits AdamW, Sgd, Muon {

    /// As plans and checkpoints name it: `adamw`, `sgd` or `muon`.
    String type();

    /// Changes weights and state in place.
    ///
    /// @param step counted from 1, over the steps that were applied
    /// @param gradientScale what the gradient is multiplied with first: the clipping coefficient
    void step(FlatBuffer gradient, long step, double learningRate, double gradientScale);

    /// All state beside the weights, zeros at first. Which there is depends on the type and the
    /// layout alone.
    List<State> state();

    /// Frees the state. The weights stay the caller's.
    @Override
    void close();

    /// What is kept of one parameter: as many fp32 numbers as it has, in its own order.
    ///
    /// @param kind what it is, such as `adamw.exp_avg`; parts of checkpoints are named by it
    record State(String kind, ParameterLayout.Entry parameter, MemorySegment bytes) {}

    /// @param weights stay the caller's; have the layout's size
    static Optimizer of(TrainingStage.Optimizer plan, ParameterLayout layout, FlatBuffer weights) {
        WeightDecay decay = new WeightDecay(plan.weightDecay(), plan.weightDecayOn());
        Momentum momentum = plan.momentum();
        return switch (plan.type()) {
            case ADAMW -> new AdamW(layout.entries(), weights, adamW(plan, decay));
            case SGD -> new Sgd(layout.entries(), weights, new Sgd.Settings(has(momentum), decay));
            case MUON ->
                    new Muon(
                            layout,
                            weights,
                            new Muon.Settings(has(momentum), decay, adamW(plan, decay)));
        };
    }

    private static AdamW.Settings adamW(TrainingStage.Optimizer plan, WeightDecay decay) {
        return new AdamW.Settings(plan.beta1(), plan.beta2(), plan.epsilon(), decay);
    }

    private static Momentum has(@Nullable Momentum momentum) {
        return Objects.requireNonNull(momentum, "a plan's sgd and muon have momentum");
    }
}
