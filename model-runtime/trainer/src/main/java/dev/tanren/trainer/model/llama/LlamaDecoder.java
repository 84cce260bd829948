package dev.tanren.trainer.model.llama;

import static dev.tanren.trainer.model.llama.LlamaParameters.weightName;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RmsNorm;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.model.common.SwiGlu;
import dev.tanren.trainer.model.decoder.CausalSelfAttention;
import dev.tanren.trainer.model.decoder.GatedFeedForward;
import dev.tanren.trainer.model.decoder.InputEmbedding;
import dev.tanren.trainer.model.decoder.LanguageModelHead;
import dev.tanren.trainer.model.decoder.Segment;
import dev.tanren.trainer.model.decoder.SegmentedDecoder;
import java.util.ArrayList;
import java.util.List;

/// How a Llama decoder (Touvron et al. 2023) is put together.
public final class LlamaDecoder {

    private final Architecture architecture;
    private final ParameterSet parameters;
    private final RotaryEmbedding rotary;
    private final SwiGlu swiGlu;

    private LlamaDecoder(Architecture architecture) {
        this.architecture = architecture;
        parameters = new ParameterSet(LlamaParameters.layout(architecture));
        rotary = new RotaryEmbedding(architecture.effectiveHeadSize(), architecture.ropeTheta());
        swiGlu = new SwiGlu(architecture.intermediateSize());
    }

    public static Decoder create(Architecture architecture) {
        return new LlamaDecoder(architecture).compose();
    }

    private Decoder compose() {
        List<Segment> segments = new ArrayList<>();
        for (int layer = 0; layer < architecture.layers(); layer++) {
            segments.add(attention(layer));
            segments.add(feedForward(layer));
        }
        return new SegmentedDecoder(
                architecture,
                parameters,
                new InputEmbedding(parameters.get(LlamaParameters.EMBEDDING)),
                segments,
                head());
    }

    private Segment attention(int layer) {
        int headsWidth =
                (architecture.heads() + 2 * architecture.keyValueHeads())
                        * architecture.effectiveHeadSize();
        return new CausalSelfAttention(
                architecture,
                layer,
                new CausalSelfAttention.Parts(
                        norm(weightName(layer, "input_layernorm")),
                        new Linear(
                                parameters.stacked(
                                        weightName(layer, "self_attn.q_proj"), headsWidth)),
                        rotary,
                        linear(weightName(layer, "self_attn.o_proj"))));
    }

    private Segment feedForward(int layer) {
        return new GatedFeedForward(
                layer,
                new GatedFeedForward.Parts(
                        norm(weightName(layer, "post_attention_layernorm")),
                        new Linear(
                                parameters.stacked(
                                        weightName(layer, "mlp.gate_proj"),
                                        2 * architecture.intermediateSize())),
                        swiGlu,
                        linear(weightName(layer, "mlp.down_proj"))));
    }

    private LanguageModelHead head() {
        return new LanguageModelHead(
                norm(LlamaParameters.FINAL_NORM),
                linear(
                        architecture.tieWordEmbeddings()
                                ? LlamaParameters.EMBEDDING
                                : LlamaParameters.HEAD));
    }

    private Norm norm(String name) {
        return new RmsNorm(parameters.get(name), architecture.rmsNormEpsilon());
    }

    private Linear linear(String name) {
        return new Linear(parameters.get(name));
    }
}
