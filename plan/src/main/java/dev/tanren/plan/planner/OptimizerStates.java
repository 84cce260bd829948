package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;

/// What the optimizer keeps, in bytes of a parameter.
///
/// @param state of the optimizer, in fp32
/// @param scratch bytes that a step takes and gives back
/// @param formula of `state`
record OptimizerStates(double state, double scratch, String formula) {

    static OptimizerStates of(TrainingStage stage, Architecture shape) {
        return switch (stage.optimizer().type()) {
            case ADAMW -> new OptimizerStates(8, 0, "8 (two moments)");
            case SGD -> new OptimizerStates(4, 0, "4 (momentum)");
            case MUON -> muon(shape);
        };
    }

    /// Momentum of hidden matrices, two moments of all else. Orthogonalisation keeps three matrices
    /// of the largest's shape and two squares of its shorter side.
    private static OptimizerStates muon(Architecture shape) {
        ParameterCount count = ParameterCount.of(shape);
        double hidden = count.attention() + count.feedForward();
        double longer = Math.max(shape.hiddenSize(), shape.intermediateSize());
        double shorter = Math.min(shape.hiddenSize(), shape.intermediateSize());
        return new OptimizerStates(
                8 - 4 * hidden / count.total(),
                Float.BYTES * (3 * longer * shorter + 2 * shorter * shorter),
                "4 (momentum) for hidden matrices, 8 (two moments) for the rest");
    }
}
