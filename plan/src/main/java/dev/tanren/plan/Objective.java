package dev.tanren.plan;

/// What a training stage minimises: cross-entropy with the next token, and what is added to it.
///
/// The reported loss is always the plain cross-entropy.
///
/// @param zLoss factor of the mean of `log²(Σ exp(logits))`, which keeps logits from drifting
///     (Chowdhery et al., PaLM, 2022); 0 leaves it out
/// @param labelSmoothing share of each target that is spread evenly over the vocabulary (Szegedy
///     et al. 2016); 0 leaves it out
public record Objective(double zLoss, double labelSmoothing) {

    public static final Objective CROSS_ENTROPY = new Objective(0, 0);

    public Objective {
        if (!(zLoss >= 0) || !(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException(
                    "a z-loss of " + zLoss + " and a label smoothing of " + labelSmoothing);
        }
    }
}
