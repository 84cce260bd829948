package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.family.DecoderFamily;

/// What the trainer's segments keep of a micro-batch, in bytes of one place. Statistics of norms
/// are fp32 in any precision.
///
/// Attention is fused: of its scores only a sum for each head and place is there. What the
/// feed-forward part's non-linearity makes is never kept, its backward makes it again.
///
/// In widths of h (residual stream), q (query heads), k (key-value heads) and i (intermediate), a
/// layer of Llama keeps 4·h + 3·q + 2·k + 2·i numbers of a place, 2·h + 2·q + 2·k + 2·i under
/// `selective` and h under `full`. GPT-2 has i in place of 2·i, for it has no gate, and as many key
/// as query heads. Qwen3 keeps queries and keys as they were before their norms as well, and
/// attention through a window that hides something its output in blocks beside the whole.
///
/// @param stream the residual stream
/// @param heads queries, keys and values
/// @param queries all query heads
/// @param beside queries and keys as they were before a norm of their own, and the blocks of
///     attention through a window
/// @param inner what goes into the non-linearity: gates and ups where it is gated
/// @param activated what comes out of it
/// @param perRow bytes beside the numbers: of fused attention, and of norms of heads, in fp32
/// @param normStatistics bytes that a norm of the stream keeps of a place: its inverse deviation,
///     and for LayerNorm its mean
public record SegmentActivations(
        Activations policy,
        int bytes,
        double stream,
        double heads,
        double queries,
        double beside,
        double inner,
        double activated,
        double perRow,
        double normStatistics) {

    /// @param windowed whether attention's window hides something of the sequences
    public static SegmentActivations of(
            Activations policy, Architecture shape, Parallelism mesh, int bytes, boolean windowed) {
        double tensor = mesh.tensor();
        double queries = shape.heads() * shape.effectiveHeadSize() / tensor;
        double keys = shape.keyValueHeads() * shape.effectiveHeadSize() / tensor;
        double activated = shape.intermediateSize() / tensor;
        DecoderFamily family = DecoderFamily.of(shape);
        boolean normedHeads = family.normsHeads();
        double rowsOfHeads =
                shape.heads() + (normedHeads ? shape.heads() + shape.keyValueHeads() : 0);
        return new SegmentActivations(
                policy,
                bytes,
                shape.hiddenSize() / (mesh.sequence() ? tensor : 1),
                queries + 2 * keys,
                queries,
                (normedHeads ? queries + keys : 0) + (windowed ? queries : 0),
                family.gated() ? 2 * activated : activated,
                activated,
                Float.BYTES * rowsOfHeads / tensor,
                Float.BYTES * family.normStatistics());
    }

    /// Of each layer, from its forward to its backward pass.
    public double keptByLayer() {
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

    /// That an evaluation takes, which keeps nothing for a backward: all that one layer makes, with
    /// the streams before and after it.
    double evaluation() {
        return oncePerPass() + products() + 2 * output() + bytes * activated;
    }

    /// That attention of one layer takes for a moment where it is widened from bf16: heads, their
    /// gradients and these once more by rows; outputs and their gradients.
    double widened() {
        return Float.BYTES * (3 * heads + 2 * queries);
    }

    /// Norms and the heads' outputs beside each other: one pass over memory makes them.
    private double oncePerPass() {
        return bytes * (2 * stream + queries);
    }

    /// Matrix products, what fused attention keeps, and the figures of norms.
    private double products() {
        return bytes * (heads + beside + stream + inner + queries) + perRow + 2 * normStatistics;
    }

    private double output() {
        return bytes * stream;
    }

    /// Embedded tokens, the gradient of the stream, that behind a norm, the head's norm; the
    /// gradients of attention, those of keys and values twice; the non-linearity's output.
    private double workspace() {
        double attention = 2 * queries + 2 * (heads - queries);
        return bytes * (4 * stream + attention + activated) + normStatistics;
    }
}
