package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;

/// Arithmetic of training, in the convention of torchtitan: causality is not discounted and
/// recomputation not counted.
public final class Flops {

    public static final String FORMULA =
            "6 · parameters without an untied input embedding + 12 · layers · heads · headSize ·"
                    + " sequenceLength";

    private Flops() {}

    /// Floating-point operations of forward and backward pass for one token.
    public static double perToken(Architecture shape, int sequenceLength) {
        double attentionWidth = (double) shape.heads() * shape.effectiveHeadSize();
        return 6.0 * ParameterCount.of(shape).active()
                + 12.0 * shape.layers() * attentionWidth * sequenceLength;
    }
}
