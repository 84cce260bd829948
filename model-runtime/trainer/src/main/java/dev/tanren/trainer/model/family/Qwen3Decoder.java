package dev.tanren.trainer.model.family;

import static dev.tanren.plan.family.RotaryFamily.weight;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.decoder.CausalSelfAttention;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.parameters.Format;

/// How a Qwen3 decoder (Yang et al. 2025) is put together: queries and keys are normalised before
/// they are turned.
final class Qwen3Decoder {

    private Qwen3Decoder() {}

    static Decoder create(Architecture architecture, Format format, Operators operators) {
        RotaryParts parts = new RotaryParts(architecture, format, operators);
        return parts.decoder(
                layer ->
                        new CausalSelfAttention.Parts(
                                parts.inputNorm(layer),
                                new Linear(parts.headsWeight(layer)),
                                headNorm(architecture, parts, layer),
                                parts.angles(),
                                parts.attentionOutput(layer)));
    }

    private static HeadNorm headNorm(Architecture architecture, RotaryParts parts, int layer) {
        ParameterSet parameters = parts.parameters();
        return new HeadNorm(
                parts.operators(),
                HeadShape.of(architecture),
                parameters.get(weight(layer, "self_attn.q_norm")),
                parameters.get(weight(layer, "self_attn.k_norm")),
                architecture.normEpsilon());
    }
}
