package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import dev.tanren.plan.family.ModelParameter.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// GPT-2 (Radford et al. 2019): LayerNorm, learned positions, GELU, biases everywhere.
///
/// Weights of projections are stored inputs by outputs, and lie so: matrix products read them
/// either way equally fast. Queries, keys and values are one tensor.
///
/// Its dropouts (`resid_pdrop` and others, 0.1 in what is published) are left alone: they are how
/// somebody trained it once, not what the model computes. Tanren trains without dropout.
public final class Gpt2 extends DecoderFamily {

    public static final String EMBEDDING = "transformer.wte.weight";
    public static final String POSITIONS = "transformer.wpe.weight";
    public static final String FINAL_NORM = "transformer.ln_f";
    public static final String HEAD = "lm_head.weight";

    static final Gpt2 INSTANCE = new Gpt2();

    private static final List<Neutral> NEUTRAL =
            List.of(
                    new Neutral("activation_function", "gelu_new"),
                    new Neutral("scale_attn_weights", "true"),
                    new Neutral("scale_attn_by_inverse_layer_idx", "false"),
                    new Neutral("add_cross_attention", "false"),
                    new Neutral("quantization_config", "null"),
                    new Neutral("is_encoder_decoder", "false"));

    private Gpt2() {
        super(Family.GPT2, "GPT2", "LMHeadModel");
    }

    /// The name of a layer's part, such as `transformer.h.0.attn.c_attn`, without `.weight` or
    /// `.bias`.
    public static String part(int layer, String name) {
        return "transformer.h." + layer + "." + name;
    }

    @Override
    public List<ModelParameter> before(Architecture architecture) {
        long hidden = architecture.hiddenSize();
        return List.of(
                ModelParameter.embedding(EMBEDDING, architecture.vocabSize(), hidden),
                ModelParameter.positions(POSITIONS, architecture.maximumPositions(), hidden));
    }

    @Override
    public List<ModelParameter> layer(Architecture architecture, int layer) {
        long hidden = architecture.hiddenSize();
        long inner = architecture.intermediateSize();
        List<ModelParameter> all = new ArrayList<>();
        all.addAll(norm(part(layer, "ln_1"), hidden));
        all.addAll(
                outputs(
                        Part.ATTENTION,
                        part(layer, "attn.c_attn"),
                        hidden,
                        hidden,
                        hidden,
                        hidden));
        all.addAll(inputs(Part.ATTENTION, part(layer, "attn.c_proj"), hidden, hidden));
        all.addAll(norm(part(layer, "ln_2"), hidden));
        all.addAll(outputs(Part.FEED_FORWARD, part(layer, "mlp.c_fc"), hidden, inner));
        all.addAll(inputs(Part.FEED_FORWARD, part(layer, "mlp.c_proj"), inner, hidden));
        return all;
    }

    @Override
    public List<ModelParameter> after(Architecture architecture) {
        List<ModelParameter> all = new ArrayList<>(norm(FINAL_NORM, architecture.hiddenSize()));
        if (!architecture.tieWordEmbeddings()) {
            all.add(ModelParameter.head(HEAD, architecture.vocabSize(), architecture.hiddenSize()));
        }
        return all;
    }

    private static List<ModelParameter> norm(String name, long hidden) {
        return List.of(
                ModelParameter.gain(name + ".weight", hidden),
                ModelParameter.normBias(name + ".bias", hidden));
    }

    /// A projection that is cut by its outputs.
    ///
    /// @param sections of the outputs, each of which is cut by itself
    private static List<ModelParameter> outputs(
            Part part, String name, long inputs, Long... sections) {
        long outputs = Arrays.stream(sections).mapToLong(size -> size).sum();
        return List.of(
                ModelParameter.matrix(part, name + ".weight", inputs, outputs).split(1, sections),
                ModelParameter.bias(part, name + ".bias", outputs).split(0, sections));
    }

    /// A projection into the residual stream, which is cut by its inputs; its bias is added once.
    private static List<ModelParameter> inputs(Part part, String name, long inputs, long outputs) {
        return List.of(
                ModelParameter.matrix(part, name + ".weight", inputs, outputs)
                        .split(0)
                        .writingResidual(),
                ModelParameter.bias(part, name + ".bias", outputs));
    }

    @Override
    public String parameterFormula() {
        return "layers·(4·d² + 2·d·ff + ff + 9·d) + 2·d + maximumPositions·d + vocabSize·d·(1 if"
                + " tied, else 2)";
    }

    @Override
    public Architecture read(ConfigurationKeys keys) {
        keys.requireNeutral(NEUTRAL);
        int hidden = keys.shape("n_embd");
        int heads = keys.shape("n_head");
        return new Architecture(
                Family.GPT2,
                keys.shape("vocab_size"),
                hidden,
                keys.shape("n_layer"),
                heads,
                heads,
                keys.shape("n_inner", 4 * hidden),
                null,
                keys.truth("tie_word_embeddings", true),
                10_000,
                keys.numberFromZero("layer_norm_epsilon", 1e-5),
                keys.shape("n_positions", 1024));
    }

    @Override
    public void write(Architecture architecture, ObjectNode root) {
        root.put("n_embd", architecture.hiddenSize());
        root.put("n_inner", architecture.intermediateSize());
        root.put("n_layer", architecture.layers());
        root.put("n_head", architecture.heads());
        root.put("n_positions", architecture.maximumPositions());
        root.put("n_ctx", architecture.maximumPositions());
        root.put("layer_norm_epsilon", architecture.normEpsilon());
        root.put("activation_function", "gelu_new");
        root.put("scale_attn_weights", true);
        root.put("scale_attn_by_inverse_layer_idx", false);
        root.put("attn_pdrop", 0.0);
        root.put("embd_pdrop", 0.0);
        root.put("resid_pdrop", 0.0);
    }

    @Override
    public String hiddenKey() {
        return "n_embd";
    }

    @Override
    public String headsKey() {
        return "n_head";
    }

    @Override
    public boolean rotary() {
        return false;
    }

    @Override
    public boolean gated() {
        return false;
    }

    /// The mean and the inverse deviation.
    @Override
    public int normStatistics() {
        return 2;
    }

    @Override
    public boolean groupsQueries() {
        return false;
    }
}
