package dev.tanren.trainer.model.mistral;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.decoder.RotaryParts;

/// How a Mistral decoder (Jiang et al. 2023) is put together: its attention looks back no further
/// than the architecture's window.
public final class MistralDecoder {

    private MistralDecoder() {}

    public static Decoder create(Architecture architecture) {
        RotaryParts parts = new RotaryParts(architecture, MistralParameters.layout(architecture));
        return parts.decoder(parts::plainAttention);
    }
}
