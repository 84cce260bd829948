package dev.tanren.spec.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import dev.tanren.spec.plan.RopeScaling;

/// Writes a `config.json` that transformers 4 and 5 both read.
final class ConfigurationWriter {

    private final HuggingFaceConfiguration configuration;
    private final Architecture architecture;
    private final ObjectNode root = Json.mapper().createObjectNode();

    ConfigurationWriter(HuggingFaceConfiguration configuration) {
        this.configuration = configuration;
        architecture = configuration.architecture();
    }

    String write() {
        ModelType type = ModelType.of(architecture.family());
        root.putArray("architectures").add(type.languageModel());
        root.put("model_type", type.word());
        root.put("vocab_size", architecture.vocabSize());
        switch (architecture.family()) {
            case LLAMA -> {
                rotary();
                root.put("mlp_bias", false);
                root.put("pretraining_tp", 1);
            }
            case MISTRAL -> {
                rotary();
                root.put("sliding_window", architecture.slidingWindow());
            }
            case QWEN2, QWEN3 -> {
                rotary();
                windowOfQwen();
            }
            case GPT2 -> gpt2();
        }
        root.put("tie_word_embeddings", architecture.tieWordEmbeddings());
        root.put("initializer_range", 0.02);
        root.put("use_cache", true);
        root.put("dtype", configuration.dtype());
        root.put("torch_dtype", configuration.dtype());
        configuration.tokenIds().writeTo(root);
        return root.toPrettyString() + "\n";
    }

    private void rotary() {
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
        if (architecture.family() != Family.QWEN2) {
            root.put("attention_bias", false);
        }
        root.put("rope_theta", architecture.ropeTheta());
        rope(root.putObject("rope_parameters")).put("rope_theta", architecture.ropeTheta());
        if (architecture.ropeScaling() != null) {
            rope(root.putObject("rope_scaling"));
        }
    }

    private ObjectNode rope(ObjectNode rope) {
        switch (architecture.ropeScaling()) {
            case null -> rope.put("rope_type", "default");
            case RopeScaling.Linear linear -> {
                rope.put("rope_type", "linear");
                rope.put("factor", linear.factor());
            }
            case RopeScaling.Llama3 llama3 -> {
                rope.put("rope_type", "llama3");
                rope.put("factor", llama3.factor());
                rope.put("low_freq_factor", llama3.lowFreqFactor());
                rope.put("high_freq_factor", llama3.highFreqFactor());
                rope.put(
                        "original_max_position_embeddings", llama3.originalMaxPositionEmbeddings());
            }
        }
        return rope;
    }

    private void windowOfQwen() {
        Integer window = architecture.slidingWindow();
        root.put("use_sliding_window", window != null);
        root.put("sliding_window", window);
        root.put("max_window_layers", window == null ? architecture.layers() : 0);
        ArrayNode layers = root.putArray("layer_types");
        for (int layer = 0; layer < architecture.layers(); layer++) {
            layers.add(window == null ? "full_attention" : "sliding_attention");
        }
    }

    // Without dropout, which Tanren does not train with.
    private void gpt2() {
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
}
