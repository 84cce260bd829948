package dev.tanren.plan.planner.formula;

import dev.tanren.plan.TrainingStage.Activations;

/// How much of a device's arithmetic training uses, in torchtitan's convention: FLOPs of a token
/// are `6·N + 12·layers·heads·headSize·s`, whatever is computed twice.
public final class Utilisation {

    private Utilisation() {}

    /// Model FLOPs utilisation (PaLM, arXiv 2204.02311): the share of the peak that goes into the
    /// model.
    ///
    /// @param tokensPerSecond of one device
    /// @param peakFlops of one device, dense, in the precision of the matrix products
    public static double modelFlops(
            double tokensPerSecond, double flopsPerToken, double peakFlops) {
        return tokensPerSecond * flopsPerToken / peakFlops;
    }

    /// Hardware FLOPs utilisation: recomputation counts too.
    public static double hardwareFlops(
            double tokensPerSecond,
            double flopsPerToken,
            double peakFlops,
            Activations activations) {
        return modelFlops(tokensPerSecond, flopsPerToken, peakFlops) * recomputation(activations);
    }

    /// Arithmetic with recomputation as a multiple of that without: full recomputation adds a
    /// forward pass to `6N` and makes it `8N`. Ours of `selective` adds no matrix product.
    public static double recomputation(Activations activations) {
        return switch (activations) {
            case NONE, SELECTIVE -> 1;
            case FULL -> 8.0 / 6;
        };
    }
}
