package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.parameters.ParameterLayout;

/// The names and shapes of a Llama model's parameters, as in Hugging Face checkpoints.
///
/// Queries, keys and values lie beside each other, and so do gate and up projections, because one
/// matrix product serves them.
public final class LlamaParameters {

    public static final String EMBEDDING = "model.embed_tokens.weight";
    public static final String FINAL_NORM = "model.norm.weight";
    public static final String HEAD = "lm_head.weight";

    private LlamaParameters() {}

    public static ParameterLayout layout(Architecture architecture) {
        long hidden = architecture.hiddenSize();
        long queries = (long) architecture.heads() * architecture.effectiveHeadSize();
        long keys = (long) architecture.keyValueHeads() * architecture.effectiveHeadSize();
        long intermediate = architecture.intermediateSize();
        ParameterLayout.Builder layout = ParameterLayout.builder();
        layout.add(EMBEDDING, architecture.vocabSize(), hidden);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            layout.add(weightName(layer, "input_layernorm"), hidden)
                    .add(weightName(layer, "self_attn.q_proj"), queries, hidden)
                    .add(weightName(layer, "self_attn.k_proj"), keys, hidden)
                    .add(weightName(layer, "self_attn.v_proj"), keys, hidden)
                    .add(weightName(layer, "self_attn.o_proj"), hidden, queries)
                    .add(weightName(layer, "post_attention_layernorm"), hidden)
                    .add(weightName(layer, "mlp.gate_proj"), intermediate, hidden)
                    .add(weightName(layer, "mlp.up_proj"), intermediate, hidden)
                    .add(weightName(layer, "mlp.down_proj"), hidden, intermediate);
        }
        layout.add(FINAL_NORM, hidden);
        if (!architecture.tieWordEmbeddings()) {
            layout.add(HEAD, architecture.vocabSize(), hidden);
        }
        return layout.build();
    }

    /// The name of a layer's weight, such as `model.layers.0.self_attn.q_proj.weight`.
    static String weightName(int layer, String part) {
        return "model.layers." + layer + "." + part + ".weight";
    }
}
