package dev.tanren.plan.planner.formula;

/// The time that the stages of a pipeline wait, as a multiple of the time that they work.
///
/// GPipe (Huang et al., arXiv 1811.06965), 1F1B and its interleaved form (Narayanan et al., arXiv
/// 2104.04473), zero bubble (Qi et al., arXiv 2401.10241).
///
/// @param stages p, at least 1
/// @param microBatches m, of one step of one pipeline
public record Pipeline(int stages, long microBatches) {

    /// `(p-1)/m`, of GPipe and 1F1B alike.
    public double bubble() {
        return (stages - 1.0) / microBatches;
    }

    /// The bubble as a part of all the time: `(p-1)/(m+p-1)`.
    public double bubbleFraction() {
        return (stages - 1.0) / (microBatches + stages - 1.0);
    }

    /// `(p-1)/(v·m)` with `v` runs of layers on each rank.
    public double interleavedBubble(int chunks) {
        return bubble() / chunks;
    }

    /// `(p-1)/(3·m)` of ZB-1P, which keeps the memory of 1F1B.
    public double zeroBubble() {
        return bubble() / 3;
    }
}
