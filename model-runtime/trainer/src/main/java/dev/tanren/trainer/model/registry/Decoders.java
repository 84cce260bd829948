package dev.tanren.trainer.model.registry;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.llama.LlamaDecoder;
import dev.tanren.trainer.model.llama.LlamaParameters;
import dev.tanren.trainer.parameters.ParameterLayout;

/// Makes the decoder of an architecture: the one place that knows all families.
public final class Decoders {

    private Decoders() {}

    public static Decoder create(Architecture architecture) {
        return switch (architecture.family()) {
            case LLAMA -> LlamaDecoder.create(architecture);
        };
    }

    /// The parameters without the decoder: needs no native library.
    public static ParameterLayout layout(Architecture architecture) {
        return switch (architecture.family()) {
            case LLAMA -> LlamaParameters.layout(architecture);
        };
    }
}
