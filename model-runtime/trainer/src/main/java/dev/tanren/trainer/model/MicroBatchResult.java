package dev.tanren.trainer.model;

/// What a forward and backward pass tells.
///
/// @param lossSum sum of the cross-entropies of all counted targets, in nats
/// @param forwardSeconds wall time up to the losses
/// @param backwardSeconds wall time of the gradients
public record MicroBatchResult(double lossSum, double forwardSeconds, double backwardSeconds) {}
