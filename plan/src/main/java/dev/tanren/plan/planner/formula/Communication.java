package dev.tanren.plan.planner.formula;

import dev.tanren.plan.TrainingStage.Sharding;

/// How many numbers each rank sends in an optimizer step.
///
/// Data parallelism and sharding by ZeRO (arXiv 1910.02054), tensor parallelism by Megatron-LM
/// (arXiv 1909.08053), sequences by Ulysses (arXiv 2309.14509) and ring attention (arXiv
/// 2310.01889), all as rings: of `n` ranks each sends `(n-1)/n` of what is named.
public final class Communication {

    private Communication() {}

    /// Weights and gradients of data-parallel ranks: `2Ψ` up to sharded gradients; `3Ψ` where
    /// weights are shared out too, of which the `2Ψ` for gathering them come in each micro-batch.
    ///
    /// @param parameters Ψ, of one rank before sharding
    public static double dataParallel(
            Sharding sharding, double parameters, int ranks, long microBatches) {
        return gradients(sharding, parameters, ranks)
                + weights(sharding, parameters, ranks, microBatches);
    }

    /// Of [#dataParallel], the sums of gradients: an all-reduce or its halves; with shared weights
    /// the reduce-scatter alone.
    public static double gradients(Sharding sharding, double parameters, int ranks) {
        double ring = parameters * (ranks - 1) / ranks;
        return switch (sharding) {
            case NONE -> 2 * ring;
            case OPTIMIZER, GRADIENTS, FULL -> ring;
        };
    }

    /// Of [#dataParallel], the gathering of weights: once a step after a sharded optimizer, twice
    /// in each micro-batch where the weights themselves are shared out.
    public static double weights(
            Sharding sharding, double parameters, int ranks, long microBatches) {
        double ring = parameters * (ranks - 1) / ranks;
        return switch (sharding) {
            case NONE -> 0;
            case OPTIMIZER, GRADIENTS -> ring;
            case FULL -> 2 * ring * microBatches;
        };
    }

    /// Four all-reduces a layer, two in the forward and two in the backward pass:
    /// `8·b·s·h·(t-1)/t`. With sequence parallelism each is a reduce-scatter and an all-gather of
    /// the same volume.
    ///
    /// @param tokens b·s of all micro-batches
    public static double tensorParallel(double tokens, long hidden, int layers, int ranks) {
        return 8 * tokens * hidden * layers * (ranks - 1) / ranks;
    }

    /// Forward pass of a layer with Ulysses: `4·b·s·h/P`.
    public static double ulysses(double tokens, long hidden, int ranks) {
        return 4 * tokens * hidden / ranks;
    }

    /// Forward pass of a layer with ring attention: `2·g·b·s·h·(P-1)/P`.
    ///
    /// @param keyValueShare g, key-value heads to each query head
    public static double ring(double tokens, long hidden, double keyValueShare, int ranks) {
        return 2 * keyValueShare * tokens * hidden * (ranks - 1) / ranks;
    }
}
