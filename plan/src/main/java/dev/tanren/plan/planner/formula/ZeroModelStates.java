package dev.tanren.plan.planner.formula;

import dev.tanren.plan.TrainingStage.Sharding;

/// Bytes that training keeps of each parameter, before activations: *ZeRO: Memory Optimizations
/// Toward Training Trillion Parameter Models* (Rajbhandari et al., arXiv 1910.02054). Its levels
/// os, os+g and os+g+p are `optimizer`, `gradients` and `full`.
///
/// @param parameter bytes of the weight that is computed with
/// @param gradient bytes of its gradient
/// @param optimizer bytes of the optimizer's state, and of the master copy where there is one
public record ZeroModelStates(int parameter, int gradient, int optimizer) {

    /// The paper's: AdamW in 16 bits with 16-bit gradients and an fp32 master copy, 16 bytes.
    public static final ZeroModelStates MIXED = new ZeroModelStates(2, 2, 12);

    /// The same with gradients in fp32: 18 bytes.
    public static final ZeroModelStates MIXED_FP32_GRADIENTS = new ZeroModelStates(2, 4, 12);

    /// AdamW in fp32: the weight is its own master copy, 16 bytes.
    public static final ZeroModelStates FP32 = new ZeroModelStates(4, 4, 8);

    /// Bytes of a parameter on one of `ranks` data-parallel ranks.
    public double perParameter(Sharding sharding, int ranks) {
        return parameterShare(sharding, ranks)
                + gradientShare(sharding, ranks)
                + optimizerShare(sharding, ranks);
    }

    /// Of it, the weight.
    public double parameterShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE, OPTIMIZER, GRADIENTS -> parameter;
            case FULL -> (double) parameter / ranks;
        };
    }

    /// Of it, the gradient.
    public double gradientShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE, OPTIMIZER -> gradient;
            case GRADIENTS, FULL -> (double) gradient / ranks;
        };
    }

    /// Of it, the optimizer's state and the master copy.
    public double optimizerShare(Sharding sharding, int ranks) {
        return switch (sharding) {
            case NONE -> optimizer;
            case OPTIMIZER, GRADIENTS, FULL -> (double) optimizer / ranks;
        };
    }
}
