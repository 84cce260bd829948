package dev.tanren.spec.plan;

import org.jspecify.annotations.Nullable;

/// The shape of a decoder.
///
/// @param headSize size of one attention head; null means `hiddenSize / heads`
/// @param maximumPositions longest sequence the model is made for, in tokens
public record Architecture(
        Family family,
        int vocabSize,
        int hiddenSize,
        int layers,
        int heads,
        int keyValueHeads,
        int intermediateSize,
        @Nullable Integer headSize,
        boolean tieWordEmbeddings,
        double ropeTheta,
        double rmsNormEpsilon,
        int maximumPositions) {

    /// The decoder families that a plan can name.
    public enum Family {
        LLAMA
    }

    /// The size of one attention head, whether the plan names it or not.
    public int effectiveHeadSize() {
        return headSize == null ? hiddenSize / heads : headSize;
    }
}
