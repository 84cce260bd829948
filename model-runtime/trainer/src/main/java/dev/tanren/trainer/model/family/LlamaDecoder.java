package dev.tanren.trainer.model.family;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.parameters.Format;

/// How a Llama decoder (Touvron et al. 2023) is put together, a Mistral one (Jiang et al. 2023) and
/// a Phi-3 (Abdin et al. 2024).
///
/// The last two look back no further than the architecture's
/// [window][Architecture#slidingWindow()], which
/// [dev.tanren.trainer.model.decoder.CausalSelfAttention] heeds. What Phi-3 stores as one tensor
/// lies as one matrix in all of them.
final class LlamaDecoder {

    private LlamaDecoder() {}

    static Decoder create(Architecture architecture, Format format, Operators operators) {
        RotaryParts parts = new RotaryParts(architecture, format, operators);
        return parts.decoder(parts::plainAttention);
    }
}
