package dev.tanren.trainer.model.family;

import static dev.tanren.plan.family.RotaryFamily.bias;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.CausalSelfAttention;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.parameters.Format;

/// How a Qwen2 decoder (Yang et al. 2024) is put together: queries, keys and values have biases.
final class Qwen2Decoder {

    private Qwen2Decoder() {}

    static Decoder create(Architecture architecture, Format format, Operators operators) {
        RotaryParts parts = new RotaryParts(architecture, format, operators);
        return parts.decoder(
                layer ->
                        new CausalSelfAttention.Parts(
                                parts.inputNorm(layer),
                                new Linear(parts.headsWeight(layer), headsBias(parts, layer)),
                                null,
                                parts.angles(),
                                parts.attentionOutput(layer)));
    }

    private static Bias headsBias(RotaryParts parts, int layer) {
        return new Bias(
                parts.operators(),
                parts.parameters()
                        .concatenated(bias(layer, "self_attn.q_proj"), parts.headsWidth()));
    }
}
