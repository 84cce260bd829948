package dev.tanren.spec.planner;

import dev.tanren.spec.plan.TrainingStage;

/// What settings cost in time.
final class Slowdown {

    private Slowdown() {}

    /// Arithmetic of a step as a multiple of that without recomputation, which is `6N`: a full
    /// recomputation adds a forward pass and makes it `8N` (Korthikanti et al., arXiv 2205.05198).
    /// Selective recomputation leaves the matrix products out and costs what the same paper
    /// measured, 2 %.
    static double of(TrainingStage stage) {
        return switch (stage.activations()) {
            case NONE -> 1;
            case SELECTIVE -> 1.02;
            case FULL -> 8.0 / 6;
        };
    }
}
