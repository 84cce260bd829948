package dev.tanren.trainer.model.common;

import dev.tanren.plan.Objective;

/// Cross-entropy of logits with one target a row, and the gradient of an [Objective] in the logits'
/// place.
///
/// With `Z = log Σ exp(logits)`, probabilities `p`, a target `y`, z-loss `z` and smoothing `ε`, the
/// objective of a row is `Z - (1-ε)·logit_y - ε·mean(logits) + z·Z²` (smoothing as PyTorch has it)
/// and its gradient `p·(1 + 2·z·Z) - (1-ε)·[y] - ε/V`. The loss is `Z - logit_y` whatever the
/// objective.
///
/// Legend: C rows of a chunk, V vocabulary.
public interface CrossEntropy {

    /// Fills the rows' losses; ignored rows have 0.
    ///
    /// @param firstTarget the place of the first row, in targets and losses
    void losses(Matrix logits_CV, int[] targets, int firstTarget, Losses losses);

    /// Also replaces the logits by the gradient of `objective · scale`.
    void lossesAndGradient(
            Matrix logitsThenGradient_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            Objective objective,
            double scale);
}
