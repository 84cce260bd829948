package dev.tanren.trainer.model.family;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.parameters.Format;

/// How a Llama decoder (Touvron et al. 2023) is put together, and a Mistral one (Jiang et al.
/// 2023).
///
/// A Mistral differs in one thing: its attention looks back no further than the architecture's
/// [window][Architecture#slidingWindow()], which
/// [dev.tanren.trainer.model.decoder.CausalSelfAttention] heeds.
final class LlamaDecoder {

    private LlamaDecoder() {}

    static Decoder create(Architecture architecture, Format format, Kernels kernels) {
        RotaryParts parts = new RotaryParts(architecture, format, kernels);
        return parts.decoder(parts::plainAttention);
    }
}
