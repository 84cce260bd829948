package dev.tanren.trainer.model.family;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.parameters.Format;

/// Makes the decoder of an architecture: the one place that knows all families.
public final class Decoders {

    private Decoders() {}

    /// In fp32, in host memory.
    public static Decoder create(Architecture architecture) {
        return create(architecture, TrainingStage.Precision.FP32);
    }

    /// A decoder that runs forward and backward in this precision, in host memory.
    public static Decoder create(Architecture architecture, TrainingStage.Precision precision) {
        return create(architecture, precision, new HostOperators());
    }

    /// A decoder that runs forward and backward in this precision, by these operators.
    public static Decoder create(
            Architecture architecture, TrainingStage.Precision precision, Operators operators) {
        Format format = Format.of(precision);
        return switch (architecture.family()) {
            case LLAMA, MISTRAL, PHI3 -> LlamaDecoder.create(architecture, format, operators);
            case QWEN2 -> Qwen2Decoder.create(architecture, format, operators);
            case QWEN3 -> Qwen3Decoder.create(architecture, format, operators);
            case GPT2 -> Gpt2Decoder.create(architecture, format, operators);
        };
    }
}
