package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.parameters.ParameterLayout.Role;

/// The names and shapes of the parameters that Llama and the families after it have in common, as
/// in Hugging Face checkpoints.
///
/// Queries, keys and values lie beside each other, and so do gate and up projections, because one
/// matrix product serves them.
public final class RotaryNames {

    public static final String EMBEDDING = "model.embed_tokens.weight";
    public static final String FINAL_NORM = "model.norm.weight";
    public static final String HEAD = "lm_head.weight";

    private RotaryNames() {}

    /// Adds what a family's attention has, in the order in which it shall lie.
    @FunctionalInterface
    public interface Attention {
        void add(ParameterLayout.Builder layout, int layer);
    }

    /// The layout of a family that differs in its attention alone.
    public static ParameterLayout layout(Architecture architecture, Attention attention) {
        long hidden = architecture.hiddenSize();
        long intermediate = architecture.intermediateSize();
        ParameterLayout.Builder layout = ParameterLayout.builder();
        layout.add(Role.EMBEDDING, EMBEDDING, architecture.vocabSize(), hidden);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            layout.add(weight(layer, "input_layernorm"), hidden);
            attention.add(layout, layer);
            layout.add(weight(layer, "post_attention_layernorm"), hidden)
                    .add(weight(layer, "mlp.gate_proj"), intermediate, hidden)
                    .add(weight(layer, "mlp.up_proj"), intermediate, hidden)
                    .add(weight(layer, "mlp.down_proj"), hidden, intermediate);
        }
        layout.add(FINAL_NORM, hidden);
        if (!architecture.tieWordEmbeddings()) {
            layout.add(Role.HEAD, HEAD, architecture.vocabSize(), hidden);
        }
        return layout.build();
    }

    /// The name of a layer's weight, such as `model.layers.0.self_attn.q_proj.weight`.
    public static String weight(int layer, String part) {
        return "model.layers." + layer + "." + part + ".weight";
    }

    /// The name of a layer's bias, such as `model.layers.0.self_attn.q_proj.bias`.
    public static String bias(int layer, String part) {
        return "model.layers." + layer + "." + part + ".bias";
    }

    /// The width of all query heads.
    public static int queries(Architecture architecture) {
        return architecture.heads() * architecture.effectiveHeadSize();
    }

    /// The width of all key heads, and of all value heads.
    public static int keys(Architecture architecture) {
        return architecture.keyValueHeads() * architecture.effectiveHeadSize();
    }
}
