package dev.tanren.trainer.model.mistral;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.llama.LlamaParameters;
import dev.tanren.trainer.parameters.ParameterLayout;

/// The names and shapes of a Mistral model's parameters: Llama's.
public final class MistralParameters {

    private MistralParameters() {}

    public static ParameterLayout layout(Architecture architecture) {
        return LlamaParameters.layout(architecture);
    }
}
