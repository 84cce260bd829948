package dev.tanren.spec.planner;

import dev.tanren.spec.plan.TrainingStage.Sharding;

/// Bytes that training keeps of each parameter, before activations (ZeRO, arXiv 1910.02054).
///
/// @param parameter bytes of the weight that is computed with
/// @param gradient bytes of its gradient
/// @param optimizer bytes of moments, and of the master copy where there is one
public record ModelStates(int parameter, int gradient, int optimizer) {

    /// AdamW in fp32: the weight is its own master copy.
    public static final ModelStates FP32 = new ModelStates(4, 4, 8);

    /// AdamW in bf16 with bf16 gradients and an fp32 master copy.
    public static final ModelStates BF16 = new ModelStates(2, 2, 12);

    /// Bytes of a parameter on one of `ranks` data-parallel ranks.
    public double perParameter(Sharding sharding, int ranks) {
        return parameterShare(sharding, ranks)
                + gradientShare(sharding, ranks)
                + optimizerShare(sharding, ranks);
    }

    double parameterShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE, OPTIMIZER, GRADIENTS -> parameter;
            case FULL -> (double) parameter / ranks;
        };
    }

    double gradientShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE, OPTIMIZER -> gradient;
            case GRADIENTS, FULL -> (double) gradient / ranks;
        };
    }

    double optimizerShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE -> optimizer;
            case OPTIMIZER, GRADIENTS, FULL -> (double) optimizer / ranks;
        };
    }
}
