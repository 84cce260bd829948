package dev.tanren.plan.planner.formula;

/// Bytes of activations that one layer keeps for its backward pass: *Reducing Activation
/// Recomputation in Large Transformer Models* (Korthikanti et al., arXiv 2205.05198), for 16-bit
/// numbers, dropout and attention that is not fused.
///
/// @param sequence tokens of a sequence
/// @param batch sequences of a micro-batch
/// @param hidden width of the residual stream
/// @param heads of attention
/// @param tensor ranks that share each matrix
public record TransformerActivations(
        long sequence, long batch, long hidden, long heads, long tensor) {

    /// On one rank that keeps everything: `s·b·h·(34 + 5·a·s/h)`.
    public double none() {
        return stream() * (34 + attention());
    }

    /// With tensor parallelism: `s·b·h·(10 + 24/t + 5·a·s/(h·t))`.
    public double tensorParallel() {
        return stream() * (10 + (24 + attention()) / tensor);
    }

    /// With tensor and sequence parallelism: `s·b·h/t·(34 + 5·a·s/h)`.
    public double tensorAndSequenceParallel() {
        return stream() / tensor * (34 + attention());
    }

    /// With tensor parallelism and selective recomputation: `s·b·h·(10 + 24/t)`.
    public double tensorParallelSelective() {
        return stream() * (10 + 24.0 / tensor);
    }

    /// With tensor and sequence parallelism and selective recomputation: `34·s·b·h/t`.
    public double tensorAndSequenceParallelSelective() {
        return 34 * stream() / tensor;
    }

    /// With full recomputation: `2·s·b·h`.
    public double full() {
        return 2 * stream();
    }

    /// For how many layers the first stage of a pipeline holds activations under 1F1B: all `layers`
    /// of the model, because as many micro-batches are under way as there are stages, and `1 +
    /// (p-1)/(p·v)` times as many when `v` runs of layers are interleaved on each rank.
    ///
    /// @param chunks v, runs of layers on each rank; 1 is not interleaved
    public static double firstStageLayers(int layers, int stages, int chunks) {
        return chunks == 1 ? layers : layers * (1 + (stages - 1.0) / ((double) stages * chunks));
    }

    private double stream() {
        return (double) sequence * batch * hidden;
    }

    private double attention() {
        return 5.0 * heads * sequence / hidden;
    }
}
