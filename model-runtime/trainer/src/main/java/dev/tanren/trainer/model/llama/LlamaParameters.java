package dev.tanren.trainer.model.llama;

import static dev.tanren.trainer.model.decoder.RotaryNames.weight;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.decoder.RotaryNames;
import dev.tanren.trainer.parameters.ParameterLayout;

/// The names and shapes of a Llama or Mistral model's parameters.
public final class LlamaParameters {

    private LlamaParameters() {}

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
