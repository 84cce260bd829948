package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.decoder.RotaryParts;

/// How a Llama decoder (Touvron et al. 2023) is put together.
public final class LlamaDecoder {

    private LlamaDecoder() {}

    public static Decoder create(Architecture architecture) {
        RotaryParts parts = new RotaryParts(architecture, LlamaParameters.layout(architecture));
        return parts.decoder(parts::plainAttention);
    }
}
