package dev.tanren.spec.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.model.ConfigurationKeys.Neutral;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the configuration of a family with rotary positions: Llama, Mistral, Qwen2, Qwen3.
final class RotaryReader {

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

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

    private final ConfigurationKeys keys;
    private final Family family;
    private final Defaults defaults;

    /// What transformers takes where the file says nothing.
    ///
    /// @param headSize null means `hidden_size / num_attention_heads`
    private record Defaults(
            int maximumPositions, @Nullable Integer headSize, @Nullable Integer slidingWindow) {}

    RotaryReader(ConfigurationKeys keys, Family family) {
        this.keys = keys;
        this.family = family;
        defaults =
                switch (family) {
                    case MISTRAL -> new Defaults(131_072, null, 4096);
                    case QWEN2 -> new Defaults(32_768, null, null);
                    case QWEN3 -> new Defaults(32_768, 128, null);
                    case LLAMA, GPT2 -> new Defaults(2048, null, null);
                };
    }

    Architecture read() {
        keys.requireNeutral(EVERYWHERE);
        keys.requireNeutral(ofFamily());
        int heads = keys.shape("num_attention_heads");
        int layers = keys.shape("num_hidden_layers");
        int positions = keys.shape("max_position_embeddings", defaults.maximumPositions());
        RopeReader rope = new RopeReader(keys, positions);
        return new Architecture(
                family,
                keys.shape("vocab_size"),
                keys.shape("hidden_size"),
                layers,
                heads,
                keyValueHeads(heads),
                keys.shape("intermediate_size"),
                headSize(),
                keys.truth("tie_word_embeddings", false),
                rope.theta(),
                keys.numberFromZero("rms_norm_eps", 1e-6),
                positions,
                rope.scaling(),
                slidingWindow(layers));
    }

    private List<Neutral> ofFamily() {
        Neutral unbiased = new Neutral("attention_bias", "false");
        Neutral unnormed = new Neutral("qk_norm", "false");
        return switch (family) {
            case LLAMA ->
                    List.of(
                            unbiased,
                            unnormed,
                            new Neutral("sliding_window", "null"),
                            new Neutral("use_sliding_window", "false"));
            case MISTRAL -> List.of(unbiased, unnormed, new Neutral("use_sliding_window", "true"));
            case QWEN2 -> List.of(new Neutral("attention_bias", "true"), unnormed);
            case QWEN3 -> List.of(unbiased);
            case GPT2 -> List.of();
        };
    }

    /// `null` means as many as queries; only Llama's may be left out, as its first models did.
    private int keyValueHeads(int heads) {
        String key = "num_key_value_heads";
        boolean asQueries = keys.root().has(key) ? keys.absent(key) : family == Family.LLAMA;
        return asQueries ? heads : keys.shape(key);
    }

    private @Nullable Integer headSize() {
        if (!keys.absent("head_dim")) {
            return keys.shape("head_dim");
        }
        return keys.root().has("head_dim") ? null : defaults.headSize();
    }

    private @Nullable Integer slidingWindow(int layers) {
        return switch (family) {
            case LLAMA, GPT2 -> {
                requireLayers(FULL);
                yield null;
            }
            case MISTRAL -> {
                Integer window = window(defaults.slidingWindow());
                requireLayers(window == null ? FULL : SLIDING);
                yield window;
            }
            case QWEN2, QWEN3 -> windowOfQwen(layers);
        };
    }

    private @Nullable Integer window(@Nullable Integer otherwise) {
        if (keys.absent("sliding_window")) {
            return keys.root().has("sliding_window") ? null : otherwise;
        }
        return keys.shape("sliding_window");
    }

    /// Qwen's windows are for the layers from `max_window_layers` on, and off in what is published;
    /// `layer_types` goes before both. A window of every layer is one, of some it is not.
    private @Nullable Integer windowOfQwen(int layers) {
        Integer window = keys.truth("use_sliding_window", false) ? window(4096) : null;
        if (!keys.absent("layer_types")) {
            boolean slides =
                    window != null
                            && keys.root().path("layer_types").path(0).asText().equals(SLIDING);
            requireLayers(slides ? SLIDING : FULL);
            return slides ? window : null;
        }
        int full = window == null ? layers : keys.count("max_window_layers", 28);
        if (full > 0 && full < layers) {
            throw keys.unsupported(
                    "use_sliding_window",
                    "true for the layers from max_window_layers " + full + " on",
                    "false, or a max_window_layers of 0 or of all " + layers + " layers,");
        }
        return full == 0 ? window : null;
    }

    /// Layers that differ in what they attend to would need one window each.
    private void requireLayers(String kind) {
        for (JsonNode layer : keys.root().path("layer_types")) {
            if (!layer.asText().equals(kind)) {
                throw keys.unsupported("layer_types", layer.toString(), kind + " in every layer");
            }
        }
    }
}
