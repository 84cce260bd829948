package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.decoder.RotaryParts;
import dev.tanren.trainer.parameters.Format;

/// How a Llama decoder (Touvron et al. 2023) is put together, and a Mistral one (Jiang et al.
/// 2023).
///
/// A Mistral differs in one thing: its attention looks back no further than the architecture's
/// [window][Architecture#slidingWindow()], which
/// [dev.tanren.trainer.model.decoder.CausalSelfAttention] heeds.
public final class LlamaDecoder {

    private LlamaDecoder() {}

    public static Decoder create(Architecture architecture, Format format, Kernels kernels) {
        RotaryParts parts =
                new RotaryParts(
                        architecture, LlamaParameters.layout(architecture), format, kernels);
        return parts.decoder(parts::plainAttention);
    }
}
