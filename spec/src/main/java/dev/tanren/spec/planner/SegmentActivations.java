package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.TrainingStage.Activations;
import dev.tanren.spec.plan.TrainingStage.Parallelism;

/// What the trainer's segments keep of a micro-batch, in bytes of one place.
///
/// Attention is fused: of its scores only a sum for each head and place is there. The product of
/// gates and ups is never kept, its backward makes it again.
///
/// Widths: h residual stream, q query heads, k key-value heads, i intermediate.
///
/// @param streams the residual stream and its norms
/// @param heads queries, keys and values
/// @param queries all query heads
/// @param gates gates and ups side by side
/// @param perRow bytes beside the numbers: statistics of norms and attention, in fp32
record SegmentActivations(
        Activations policy,
        int bytes,
        double streams,
        double heads,
        double queries,
        double gates,
        double perRow) {

    static final String FORMULA =
            "kept: none 4·h + 3·q + 2·k + 2·i, selective 2·h + 2·q + 2·k + 2·i, full h";

    static SegmentActivations of(
            Activations policy, Architecture shape, Parallelism mesh, int bytes) {
        double tensor = mesh.tensor();
        double queries = shape.heads() * shape.effectiveHeadSize() / tensor;
        double keys = shape.keyValueHeads() * shape.effectiveHeadSize() / tensor;
        return new SegmentActivations(
                policy,
                bytes,
                shape.hiddenSize() / (mesh.sequence() ? tensor : 1),
                queries + 2 * keys,
                queries,
                2 * shape.intermediateSize() / tensor,
                4.0 * shape.heads() / tensor);
    }

    /// Of each layer, from its forward to its backward pass.
    double keptByLayer() {
        return switch (policy) {
            case NONE -> oncePerPass() + products() + output();
            case SELECTIVE -> products() + output();
            case FULL -> output();
        };
    }

    /// That all layers use in turn, and that embedding, head and gradients take.
    double shared() {
        return workspace()
                + switch (policy) {
                    case NONE -> 0;
                    case SELECTIVE -> oncePerPass();
                    case FULL -> oncePerPass() + products();
                };
    }

    /// That evaluations take beside the training: what every layer of a training pass has for
    /// itself, once.
    double evaluation() {
        return keptByLayer();
    }

    /// Norms and the heads' outputs beside each other: one pass over memory makes them.
    private double oncePerPass() {
        return bytes * (2 * streams + queries) + 2 * Float.BYTES;
    }

    /// Matrix products, and what fused attention keeps.
    private double products() {
        return bytes * (heads + streams + gates + queries) + perRow;
    }

    private double output() {
        return bytes * streams;
    }

    /// Embedded tokens, the gradient of the stream, that behind a norm, the head's norm; the
    /// gradients of attention; a product of gates and ups.
    private double workspace() {
        double attention = queries + 2 * (heads - queries) + queries;
        return bytes * (4 * streams + attention + gates / 2) + Float.BYTES;
    }
}
