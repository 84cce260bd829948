package dev.tanren.plan.validation;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Section;
import dev.tanren.plan.validation.internal.Shape;
import dev.tanren.plan.validation.internal.Singles.Choice;
import dev.tanren.plan.validation.internal.Singles.Real;
import dev.tanren.plan.validation.internal.Singles.Truth;
import dev.tanren.plan.validation.internal.Singles.Whole;
import java.util.LinkedHashMap;
import java.util.Map;

/// The keys of `model.architecture`.
final class ArchitectureKeys {

    static final Key<Architecture.Family> FAMILY =
            Key.required("family", new Choice<>(Architecture.Family.class), "family of decoders");
    static final Key<Long> VOCAB_SIZE =
            Key.required("vocabSize", upTo(1 << 24), "number of token ids");
    static final Key<Long> HIDDEN_SIZE =
            Key.required("hiddenSize", upTo(1 << 17), "width of the residual stream");
    static final Key<Long> LAYERS = Key.required("layers", upTo(4096), "number of blocks");
    static final Key<Long> HEADS =
            Key.required(
                    "heads",
                    upTo(4096),
                    "query heads of a block; they divide `hiddenSize` where `headSize` is absent");
    static final Key<Long> KEY_VALUE_HEADS =
            Key.optional(
                    "keyValueHeads",
                    upTo(4096),
                    "key and value heads of a block; they divide `heads`, and are as many when the"
                            + " key is absent and in gpt2");
    static final Key<Long> INTERMEDIATE_SIZE =
            Key.required("intermediateSize", upTo(1 << 20), "width inside the feed-forward part");
    static final Key<Long> HEAD_SIZE =
            Key.optional(
                    "headSize",
                    new Whole(2, 4096),
                    "size of one head, even; `hiddenSize / heads` when absent; not in gpt2");
    static final Key<Boolean> TIE_WORD_EMBEDDINGS =
            Key.withDefault(
                    "tieWordEmbeddings",
                    new Truth(),
                    "false",
                    "whether input and output embedding are one tensor");
    static final Key<Double> ROPE_THETA =
            Key.withDefault(
                    "ropeTheta",
                    new Real(1, false, 1e12),
                    "10000",
                    "base of the rotary angles; not in gpt2, whose positions are learned");
    static final Key<Double> NORM_EPSILON =
            Key.withDefault(
                    "normEpsilon",
                    new Real(0, true, 0.1),
                    "1e-5",
                    "what norms add under the root: to the mean square, in gpt2 to the variance");
    static final Key<Long> MAXIMUM_POSITIONS =
            Key.withDefault(
                    "maximumPositions",
                    upTo(1 << 24),
                    "2048",
                    "longest sequence the model is made for, in tokens");
    static final Key<Section> ROPE_SCALING =
            Key.optional(
                    "ropeScaling",
                    RopeScalingKeys.KIND,
                    "stretches the rotary frequencies of a model for longer sequences; not in"
                            + " gpt2 or phi3");
    static final Key<Long> SLIDING_WINDOW =
            Key.optional(
                    "slidingWindow",
                    upTo(1 << 24),
                    "how many tokens each token attends to, itself included; all before it when"
                            + " absent; only in mistral and phi3");
    static final Shape SHAPE =
            Shape.of(
                    "architecture",
                    "The shape of a decoder with fresh weights.",
                    FAMILY,
                    VOCAB_SIZE,
                    HIDDEN_SIZE,
                    LAYERS,
                    HEADS,
                    KEY_VALUE_HEADS,
                    INTERMEDIATE_SIZE,
                    HEAD_SIZE,
                    TIE_WORD_EMBEDDINGS,
                    ROPE_THETA,
                    NORM_EPSILON,
                    MAXIMUM_POSITIONS,
                    ROPE_SCALING,
                    SLIDING_WINDOW);

    private ArchitectureKeys() {}

    /// Widths and counts of a model: far above anything built, far below overflow.
    private static Whole upTo(int largest) {
        return new Whole(1, largest);
    }

    static final class RopeScalingKeys {

        enum Type {
            LINEAR,
            LLAMA3
        }

        static final Key<Type> TYPE =
                Key.required("type", new Choice<>(Type.class), "how frequencies are changed");
        static final Key<Double> FACTOR =
                Key.required("factor", new Real(1, false, 1e6), "how much further waves reach");
        static final Key<Double> LOW_FREQ_FACTOR =
                Key.withDefault(
                        "lowFreqFactor",
                        new Real(0, true, 1e6),
                        "1",
                        "waves longer than `originalMaxPositionEmbeddings` over this are stretched"
                                + " by `factor`");
        static final Key<Double> HIGH_FREQ_FACTOR =
                Key.withDefault(
                        "highFreqFactor",
                        new Real(0, true, 1e6),
                        "4",
                        "waves shorter than `originalMaxPositionEmbeddings` over this stay; above"
                                + " `lowFreqFactor`");
        static final Key<Long> ORIGINAL_MAX_POSITION_EMBEDDINGS =
                Key.withDefault(
                        "originalMaxPositionEmbeddings",
                        upTo(1 << 24),
                        "8192",
                        "longest sequence before the stretching, in tokens");
        static final Shape LINEAR =
                Shape.of("linearRopeScaling", "Divides every position by a factor.", TYPE, FACTOR);
        static final Shape LLAMA3 =
                Shape.of(
                        "llama3RopeScaling",
                        "Stretches long waves alone, as Llama 3.1 does.",
                        TYPE,
                        FACTOR,
                        LOW_FREQ_FACTOR,
                        HIGH_FREQ_FACTOR,
                        ORIGINAL_MAX_POSITION_EMBEDDINGS);
        static final Kind.Variants KIND =
                new Kind.Variants(TYPE, shapes(), Shape.of("ropeScaling", "", TYPE));

        private RopeScalingKeys() {}

        private static Map<String, Shape> shapes() {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            shapes.put("linear", LINEAR);
            shapes.put("llama3", LLAMA3);
            return shapes;
        }
    }
}
