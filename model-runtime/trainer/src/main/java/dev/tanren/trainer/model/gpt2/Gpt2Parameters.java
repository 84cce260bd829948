package dev.tanren.trainer.model.gpt2;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.parameters.ParameterLayout.Role;

/// The names and shapes of a GPT-2 model's parameters, as in Hugging Face checkpoints.
///
/// Weights of projections lie as stored there, inputs by outputs: matrix products read them either
/// way equally fast, so nothing is transposed on the way in or out.
public final class Gpt2Parameters {

    public static final String EMBEDDING = "transformer.wte.weight";
    public static final String POSITIONS = "transformer.wpe.weight";
    public static final String FINAL_NORM = "transformer.ln_f";
    public static final String HEAD = "lm_head.weight";

    private Gpt2Parameters() {}

    public static ParameterLayout layout(Architecture architecture) {
        long hidden = architecture.hiddenSize();
        long intermediate = architecture.intermediateSize();
        ParameterLayout.Builder layout = ParameterLayout.builder();
        layout.add(Role.EMBEDDING, EMBEDDING, architecture.vocabSize(), hidden);
        layout.add(Role.EMBEDDING, POSITIONS, architecture.maximumPositions(), hidden);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            norm(layout, part(layer, "ln_1"), hidden);
            projection(layout, part(layer, "attn.c_attn"), hidden, 3 * hidden);
            projection(layout, part(layer, "attn.c_proj"), hidden, hidden);
            norm(layout, part(layer, "ln_2"), hidden);
            projection(layout, part(layer, "mlp.c_fc"), hidden, intermediate);
            projection(layout, part(layer, "mlp.c_proj"), intermediate, hidden);
        }
        norm(layout, FINAL_NORM, hidden);
        if (!architecture.tieWordEmbeddings()) {
            layout.add(Role.HEAD, HEAD, architecture.vocabSize(), hidden);
        }
        return layout.build();
    }

    private static void norm(ParameterLayout.Builder layout, String part, long hidden) {
        layout.add(part + ".weight", hidden).add(part + ".bias", hidden);
    }

    private static void projection(
            ParameterLayout.Builder layout, String part, long inputs, long outputs) {
        layout.add(part + ".weight", inputs, outputs).add(part + ".bias", outputs);
    }

    /// The name of a layer's part, such as `transformer.h.0.attn.c_attn`, without `.weight` or
    /// `.bias`.
    public static String part(int layer, String name) {
        return "transformer.h." + layer + "." + name;
    }
}
