package dev.tanren.trainer.model;

/// What a forward and backward pass tells.
///
/// @param lossSum sum of the cross-entropies of all counted targets, in nats
/// @param zLossSum sum of their z-losses, the factor included; 0 where the objective has none
/// @param forwardSeconds wall time up to the losses
/// @param backwardSeconds wall time of the gradients
public record MicroBatchResult(
        double lossSum, double zLossSum, double forwardSeconds, double backwardSeconds) {}
