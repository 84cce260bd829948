package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import dev.tanren.plan.family.ModelParameter.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Llama and the families after it, which differ in their attention: rotary positions, RMSNorm, a
/// gated feed-forward part, no biases but where a family says so.
///
/// Queries, keys and values lie beside each other, and so do gate and up projections, because one
/// matrix product serves them.
public abstract class RotaryFamily extends DecoderFamily {

    public static final String EMBEDDING = "model.embed_tokens.weight";
    public static final String FINAL_NORM = "model.norm.weight";
    public static final String HEAD = "lm_head.weight";

    /// Keys of related families as well: a model that has them is another model.
    private static final List<Neutral> EVERYWHERE =
            List.of(
                    new Neutral("hidden_act", "silu"),
                    new Neutral("mlp_bias", "false"),
                    new Neutral("attention_dropout", "0"),
                    new Neutral("pretraining_tp", "1"),
                    new Neutral("rope_interleaved", "false"),
                    new Neutral("partial_rotary_factor", "1"),
                    new Neutral("quantization_config", "null"),
                    new Neutral("embedding_multiplier", "1"),
                    new Neutral("residual_multiplier", "1"),
                    new Neutral("attention_multiplier", "null"),
                    new Neutral("logits_scaling", "1"),
                    new Neutral("final_logit_softcapping", "null"),
                    new Neutral("attn_logit_softcapping", "null"),
                    new Neutral("num_local_experts", "0"),
                    new Neutral("num_experts", "0"),
                    new Neutral("no_rope_layers", "null"),
                    new Neutral("use_mrope", "false"),
                    new Neutral("dual_chunk_attention_config", "null"),
                    new Neutral("attention_chunk_size", "null"),
                    new Neutral("is_encoder_decoder", "false"));

    static final Neutral UNBIASED = new Neutral("attention_bias", "false");
    static final Neutral UNNORMED = new Neutral("qk_norm", "false");

    private final int maximumPositions;

    /// @param maximumPositions what transformers takes where the file says nothing
    RotaryFamily(Family family, String classes, int maximumPositions) {
        super(family, classes, "ForCausalLM");
        this.maximumPositions = maximumPositions;
    }

    /// The name of a layer's weight, such as `model.layers.0.self_attn.q_proj.weight`.
    public static String weight(int layer, String part) {
        return layer(layer) + part + ".weight";
    }

    /// The name of a layer's bias, such as `model.layers.0.self_attn.q_proj.bias`.
    public static String bias(int layer, String part) {
        return layer(layer) + part + ".bias";
    }

    private static String layer(int layer) {
        return "model.layers." + layer + ".";
    }

    /// What the first parameter of queries, keys and values is called in a layer; all of them lie
    /// there as one matrix.
    public final String headsProjection() {
        return storesStacks() ? "self_attn.qkv_proj" : "self_attn.q_proj";
    }

    /// The same of gates and ups.
    public final String innerProjection() {
        return storesStacks() ? "mlp.gate_up_proj" : "mlp.gate_proj";
    }

    /// Whether queries, keys and values are stored as one tensor, and gates and ups as another.
    public boolean storesStacks() {
        return false;
    }

    /// Of an architecture that has rotary positions.
    public static RotaryFamily of(Architecture architecture) {
        return (RotaryFamily) DecoderFamily.of(architecture);
    }

    /// The width of all query heads.
    public static int queries(Architecture architecture) {
        return architecture.heads() * architecture.effectiveHeadSize();
    }

    /// The width of all key heads, and of all value heads.
    public static int keys(Architecture architecture) {
        return architecture.keyValueHeads() * architecture.effectiveHeadSize();
    }

    @Override
    public final List<ModelParameter> before(Architecture architecture) {
        return List.of(
                ModelParameter.embedding(
                        EMBEDDING, architecture.vocabSize(), architecture.hiddenSize()));
    }

    @Override
    public final List<ModelParameter> layer(Architecture architecture, int layer) {
        long hidden = architecture.hiddenSize();
        List<ModelParameter> all = new ArrayList<>();
        all.add(ModelParameter.gain(weight(layer, "input_layernorm"), hidden));
        addAttention(all, architecture, layer);
        all.add(ModelParameter.gain(weight(layer, "post_attention_layernorm"), hidden));
        addFeedForward(all, architecture, layer);
        return all;
    }

    @Override
    public final List<ModelParameter> after(Architecture architecture) {
        ModelParameter norm = ModelParameter.gain(FINAL_NORM, architecture.hiddenSize());
        return architecture.tieWordEmbeddings()
                ? List.of(norm)
                : List.of(
                        norm,
                        ModelParameter.head(
                                HEAD, architecture.vocabSize(), architecture.hiddenSize()));
    }

    private void addAttention(List<ModelParameter> all, Architecture architecture, int layer) {
        String at = layer(layer) + "self_attn.";
        long hidden = architecture.hiddenSize();
        long queries = queries(architecture);
        all.addAll(heads(architecture, at));
        all.addAll(ofHeads(architecture, at));
        all.add(
                ModelParameter.matrix(Part.ATTENTION, at + "o_proj.weight", hidden, queries)
                        .split(1)
                        .writingResidual());
    }

    /// The projections to queries, keys and values of one layer, in this order.
    ///
    /// @param at what the names begin with, such as `model.layers.0.self_attn.`
    List<ModelParameter> heads(Architecture architecture, String at) {
        long hidden = architecture.hiddenSize();
        return List.of(
                projection(at, "q", queries(architecture), hidden),
                projection(at, "k", keys(architecture), hidden),
                projection(at, "v", keys(architecture), hidden));
    }

    private static ModelParameter projection(String at, String which, long outputs, long inputs) {
        return ModelParameter.matrix(Part.ATTENTION, at + which + "_proj.weight", outputs, inputs)
                .split(0)
                .stacked(at + "heads.weight");
    }

    /// What a family's heads have beside their projections, of one layer.
    ///
    /// @param at what the names begin with, such as `model.layers.0.self_attn.`
    List<ModelParameter> ofHeads(Architecture architecture, String at) {
        return List.of();
    }

    /// The projections to gates and ups of one layer, in this order.
    ///
    /// @param at what the names begin with, such as `model.layers.0.mlp.`
    List<ModelParameter> gateAndUp(Architecture architecture, String at) {
        long hidden = architecture.hiddenSize();
        long inner = architecture.intermediateSize();
        return Stream.of("gate", "up")
                .map(
                        which ->
                                ModelParameter.matrix(
                                                Part.FEED_FORWARD,
                                                at + which + "_proj.weight",
                                                inner,
                                                hidden)
                                        .split(0)
                                        .stacked(at + "gate_up.weight"))
                .toList();
    }

    private void addFeedForward(List<ModelParameter> all, Architecture architecture, int layer) {
        String at = layer(layer) + "mlp.";
        long hidden = architecture.hiddenSize();
        long inner = architecture.intermediateSize();
        all.addAll(gateAndUp(architecture, at));
        all.add(
                ModelParameter.matrix(Part.FEED_FORWARD, at + "down_proj.weight", hidden, inner)
                        .split(1)
                        .writingResidual());
    }

    @Override
    public String parameterFormula() {
        return "layers·(2·d·heads·headSize + 2·d·kv·headSize + 3·d·ff + 2·d"
                + headsFormula()
                + ") + d + vocabSize·d·(1 if tied, else 2)";
    }

    /// Of [#ofHeads], such as ` + 2·headSize`.
    String headsFormula() {
        return "";
    }

    @Override
    public final Architecture read(ConfigurationKeys keys) {
        keys.requireNeutral(EVERYWHERE);
        keys.requireNeutral(neutral());
        int heads = keys.shape("num_attention_heads");
        int layers = keys.shape("num_hidden_layers");
        int positions = keys.shape("max_position_embeddings", maximumPositions);
        RopeReader rope = new RopeReader(keys, positions);
        if (rope.scaling() != null && !scalesFrequencies()) {
            throw keys.unsupported("rope_type", "scaled in " + modelType(), "default");
        }
        return new Architecture(
                family(),
                keys.shape("vocab_size"),
                keys.shape("hidden_size"),
                layers,
                heads,
                keyValueHeads(keys, heads),
                keys.shape("intermediate_size"),
                headSize(keys),
                keys.truth("tie_word_embeddings", false),
                rope.theta(),
                keys.numberFromZero("rms_norm_eps", usualEpsilon()),
                positions,
                rope.scaling(),
                slidingWindow(keys, layers));
    }

    /// Keys of the family that must leave the mathematics alone.
    abstract List<Neutral> neutral();

    /// The window of every layer; null where there is none.
    abstract @Nullable Integer slidingWindow(ConfigurationKeys keys, int layers);

    /// Size of a head where the file says nothing; null means `hidden_size / num_attention_heads`.
    @Nullable Integer usualHeadSize() {
        return null;
    }

    /// What norms add under the root where the file says nothing.
    double usualEpsilon() {
        return 1e-6;
    }

    /// Whether `num_key_value_heads` may be left out, and is as many as queries then.
    boolean mayLeaveOutKeyValueHeads() {
        return false;
    }

    private int keyValueHeads(ConfigurationKeys keys, int heads) {
        String key = "num_key_value_heads";
        boolean asQueries = keys.root().has(key) ? keys.absent(key) : mayLeaveOutKeyValueHeads();
        return asQueries ? heads : keys.shape(key);
    }

    private @Nullable Integer headSize(ConfigurationKeys keys) {
        if (!keys.absent("head_dim")) {
            return keys.shape("head_dim");
        }
        return keys.root().has("head_dim") ? null : usualHeadSize();
    }

    @Override
    public final void write(Architecture architecture, ObjectNode root) {
        root.put("hidden_size", architecture.hiddenSize());
        root.put("intermediate_size", architecture.intermediateSize());
        root.put("num_hidden_layers", architecture.layers());
        root.put("num_attention_heads", architecture.heads());
        root.put("num_key_value_heads", architecture.keyValueHeads());
        root.put("head_dim", architecture.effectiveHeadSize());
        root.put("max_position_embeddings", architecture.maximumPositions());
        root.put("rms_norm_eps", architecture.normEpsilon());
        root.put("hidden_act", "silu");
        root.put("attention_dropout", 0.0);
        if (!biasesHeads()) {
            root.put("attention_bias", false);
        }
        RopeWriter.write(architecture, root);
        writeOwn(architecture, root);
    }

    /// Keys that only this family has.
    abstract void writeOwn(Architecture architecture, ObjectNode root);

    @Override
    public final String hiddenKey() {
        return "hidden_size";
    }

    @Override
    public final String headsKey() {
        return "num_attention_heads";
    }

    @Override
    public final boolean rotary() {
        return true;
    }

    @Override
    public final boolean gated() {
        return true;
    }

    /// The inverse root of the mean square.
    @Override
    public final int normStatistics() {
        return 1;
    }
}
