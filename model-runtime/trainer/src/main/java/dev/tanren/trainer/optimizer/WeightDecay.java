package dev.tanren.trainer.optimizer;

import dev.tanren.plan.TrainingStage.WeightDecayOn;
import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.trainer.parameters.ParameterLayout;

/// Decoupled weight decay (Loshchilov and Hutter 2019) of some parameters.
///
/// @param rate fraction of a weight that a step takes away, times the learning rate
public record WeightDecay(double rate, WeightDecayOn on) {

    boolean appliesTo(ParameterLayout.Entry parameter) {
        return switch (on) {
            case MATRICES -> !parameter.vector();
            case HIDDEN_MATRICES -> parameter.role() == Role.MATRIX;
            case ALL -> true;
        };
    }

    /// What a step leaves of a weight.
    double keep(double learningRate, boolean applies) {
        return applies ? 1 - learningRate * rate : 1;
    }
}
