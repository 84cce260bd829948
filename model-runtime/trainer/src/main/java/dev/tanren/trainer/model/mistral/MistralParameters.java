package dev.tanren.trainer.model.mistral;

import static dev.tanren.trainer.model.decoder.RotaryNames.weight;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.decoder.RotaryNames;
import dev.tanren.trainer.parameters.ParameterLayout;

/// The names and shapes of a Mistral model's parameters.
public final class MistralParameters {

    private MistralParameters() {}

    public static ParameterLayout layout(Architecture architecture) {
        long hidden = architecture.hiddenSize();
        long queries = RotaryNames.queries(architecture);
        long keys = RotaryNames.keys(architecture);
        return RotaryNames.layout(
                architecture,
                (layout, layer) ->
                        layout.add(weight(layer, "self_attn.q_proj"), queries, hidden)
                                .add(weight(layer, "self_attn.k_proj"), keys, hidden)
                                .add(weight(layer, "self_attn.v_proj"), keys, hidden)
                                .add(weight(layer, "self_attn.o_proj"), hidden, queries));
    }
}
