package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonAlias;
import org.jspecify.annotations.Nullable;

/// The shape of a decoder. What follows from the family, such as biases, is not in it.
///
/// @param headSize size of one attention head; null means `hiddenSize / heads`
/// @param ropeTheta base of the rotary angles; without meaning in a family that has none
/// @param normEpsilon what norms add under the root; runs that began before there were other norms
///     know it as `rmsNormEpsilon`
/// @param maximumPositions longest sequence the model is made for, in tokens
/// @param ropeScaling null where rotary frequencies are as they were first trained
/// @param slidingWindow how many places each place attends to, itself included; null means all
///     before it
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
        @JsonAlias("rmsNormEpsilon") double normEpsilon,
        int maximumPositions,
        @Nullable RopeScaling ropeScaling,
        @Nullable Integer slidingWindow) {

    /// Without scaled rotary frequencies and without a window.
    public Architecture(
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
            double normEpsilon,
            int maximumPositions) {
        this(
                family,
                vocabSize,
                hiddenSize,
                layers,
                heads,
                keyValueHeads,
                intermediateSize,
                headSize,
                tieWordEmbeddings,
                ropeTheta,
                normEpsilon,
                maximumPositions,
                null,
                null);
    }

    /// The decoder families that a plan can name; `DecoderFamily` says what each is.
    public enum Family {
        /// Llama 2, 3, 3.1 to 3.3, SmolLM2: RMSNorm, rotary embeddings, SwiGLU.
        LLAMA,
        /// Llama with a sliding window.
        MISTRAL,
        /// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.
        QWEN2,
        /// Llama with norms on queries and keys.
        QWEN3,
        /// Llama with a sliding window and stacked projections.
        PHI3,
        /// LayerNorm, learned positions, GELU, biases everywhere.
        GPT2
    }

    /// The same with a head of its own.
    public Architecture untied() {
        return new Architecture(
                family,
                vocabSize,
                hiddenSize,
                layers,
                heads,
                keyValueHeads,
                intermediateSize,
                headSize,
                false,
                ropeTheta,
                normEpsilon,
                maximumPositions,
                ropeScaling,
                slidingWindow);
    }

    /// The size of one attention head, whether the plan names it or not.
    public int effectiveHeadSize() {
        return headSize == null ? hiddenSize / heads : headSize;
    }
}
