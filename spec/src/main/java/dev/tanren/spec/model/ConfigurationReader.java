package dev.tanren.spec.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Architecture;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Turns a parsed `config.json` of the Llama family into an [Architecture].
///
/// Defaults are those of transformers' `LlamaConfig`, except for the shape of the model, which the
/// file must give.
final class ConfigurationReader {

    /// Keys of related families that would change the mathematics, with the one value that leaves
    /// it as it is here.
    private static final List<Neutral> NEUTRAL =
            List.of(
                    new Neutral("hidden_act", "silu"),
                    new Neutral("attention_bias", "false"),
                    new Neutral("mlp_bias", "false"),
                    new Neutral("attention_dropout", "0"),
                    new Neutral("pretraining_tp", "1"),
                    new Neutral("sliding_window", "null"),
                    new Neutral("use_sliding_window", "false"),
                    new Neutral("rope_interleaved", "false"),
                    new Neutral("partial_rotary_factor", "1"),
                    new Neutral("quantization_config", "null"),
                    new Neutral("embedding_multiplier", "1"),
                    new Neutral("residual_multiplier", "1"),
                    new Neutral("attention_multiplier", "null"),
                    new Neutral("logits_scaling", "1"),
                    new Neutral("final_logit_softcapping", "null"),
                    new Neutral("attn_logit_softcapping", "null"),
                    new Neutral("num_local_experts", "null"),
                    new Neutral("qk_norm", "false"),
                    new Neutral("is_encoder_decoder", "false"));

    /// All are one function: transformers gives `silu` two names.
    private static final Set<String> SILU = Set.of("silu", "swish");

    private static final Set<String> ELEMENT_TYPES = Set.of("float32", "float16", "bfloat16");

    private final JsonNode root;
    private final String where;

    ConfigurationReader(JsonNode root, String where) {
        this.root = root;
        this.where = where;
    }

    HuggingFaceConfiguration read() {
        refuseOtherModels();
        refuseOtherMathematics();
        int heads = shape("num_attention_heads");
        Architecture architecture =
                new Architecture(
                        Architecture.Family.LLAMA,
                        shape("vocab_size"),
                        shape("hidden_size"),
                        shape("num_hidden_layers"),
                        heads,
                        absent("num_key_value_heads") ? heads : shape("num_key_value_heads"),
                        shape("intermediate_size"),
                        absent("head_dim") ? null : Integer.valueOf(shape("head_dim")),
                        !absent("tie_word_embeddings") && truth("tie_word_embeddings"),
                        ropeTheta(),
                        number(root, "rms_norm_eps", 1e-6),
                        absent("max_position_embeddings")
                                ? 2048
                                : shape("max_position_embeddings"));
        requireWholeHeads(architecture);
        return new HuggingFaceConfiguration(architecture, dtype(), bosTokenId(), eosTokenIds());
    }

    private void refuseOtherModels() {
        String type = root.path("model_type").asText("");
        if (!type.equals("llama")) {
            throw unsupported("model_type", type.isEmpty() ? "nothing" : type, "llama");
        }
        JsonNode architectures = root.path("architectures");
        for (JsonNode name : architectures) {
            if (name.asText().equals("LlamaForCausalLM") || name.asText().equals("LlamaModel")) {
                return;
            }
        }
        if (!architectures.isEmpty()) {
            throw unsupported("architectures", architectures.toString(), "LlamaForCausalLM");
        }
    }

    private void refuseOtherMathematics() {
        for (Neutral neutral : NEUTRAL) {
            JsonNode value = root.path(neutral.key());
            if (!neutral.holds(value)) {
                throw unsupported(neutral.key(), value.toString(), neutral.value());
            }
        }
        refuseScaledRope("rope_scaling", root.path("rope_scaling"));
        refuseScaledRope("rope_parameters", root.path("rope_parameters"));
    }

    private void refuseScaledRope(String key, JsonNode rope) {
        if (rope.isMissingNode() || rope.isNull()) {
            return;
        }
        JsonNode type = rope.has("rope_type") ? rope.path("rope_type") : rope.path("type");
        if (!rope.isObject() || !type.asText("default").equals("default")) {
            throw unsupported(
                    key + ".rope_type", rope.isObject() ? type.toString() : "" + rope, "default");
        }
        double partial = number(rope, "partial_rotary_factor", 1);
        if (partial != 1) {
            throw unsupported(key + ".partial_rotary_factor", "" + partial, "1");
        }
    }

    private double ropeTheta() {
        JsonNode parameters = root.path("rope_parameters");
        double topLevel = number(root, "rope_theta", 10_000);
        return parameters.isObject() ? number(parameters, "rope_theta", topLevel) : topLevel;
    }

    private void requireWholeHeads(Architecture architecture) {
        int heads = architecture.heads();
        if (architecture.headSize() == null && architecture.hiddenSize() % heads != 0) {
            throw malformed("num_attention_heads", heads + "", "a divisor of hidden_size");
        }
        if (heads % architecture.keyValueHeads() != 0) {
            throw malformed(
                    "num_key_value_heads",
                    architecture.keyValueHeads() + "",
                    "a divisor of num_attention_heads");
        }
        if (architecture.effectiveHeadSize() % 2 != 0) {
            throw malformed("head_dim", architecture.effectiveHeadSize() + "", "an even number");
        }
    }

    private String dtype() {
        JsonNode value = absent("dtype") ? root.path("torch_dtype") : root.path("dtype");
        String name = value.asText("float32");
        if (value.isNull()) {
            return "float32";
        }
        if (!ELEMENT_TYPES.contains(name)) {
            throw unsupported(
                    "dtype", name, String.join(", ", ELEMENT_TYPES.stream().sorted().toList()));
        }
        return name;
    }

    private @Nullable Integer bosTokenId() {
        return absent("bos_token_id") ? null : Integer.valueOf(tokenId(root.path("bos_token_id")));
    }

    private List<Integer> eosTokenIds() {
        JsonNode value = root.path("eos_token_id");
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<Integer> ids = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(id -> ids.add(tokenId(id)));
        } else {
            ids.add(tokenId(value));
        }
        return ids;
    }

    private int tokenId(JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw malformed("bos_token_id or eos_token_id", value.toString(), "a token id");
        }
        return value.intValue();
    }

    private boolean absent(String key) {
        JsonNode value = root.path(key);
        return value.isMissingNode() || value.isNull();
    }

    private int shape(String key) {
        JsonNode value = root.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw malformed(key, describe(value), "a whole number above 0");
        }
        return value.intValue();
    }

    private boolean truth(String key) {
        JsonNode value = root.path(key);
        if (!value.isBoolean()) {
            throw malformed(key, describe(value), "true or false");
        }
        return value.booleanValue();
    }

    private double number(JsonNode parent, String key, double otherwise) {
        JsonNode value = parent.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isNumber() || !(value.doubleValue() > 0)) {
            throw malformed(key, describe(value), "a number above 0");
        }
        return value.doubleValue();
    }

    private static String describe(JsonNode value) {
        return value instanceof MissingNode ? "nothing" : value.toString();
    }

    private TanrenException malformed(String key, String found, String expected) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                key + " is " + found + ", expected " + expected + ".",
                where,
                "Mend config.json, or fetch it again from where the model came from.");
    }

    private TanrenException unsupported(String key, String found, String expected) {
        return new TanrenException(
                ErrorCode.MODEL_UNSUPPORTED,
                key + " is " + found + ", which Tanren does not implement; " + expected + " works.",
                where,
                "Choose a model of the Llama family without this setting.");
    }

    /// @param value the accepted value as text; the key's absence and null are accepted as well
    private record Neutral(String key, String value) {
        boolean holds(JsonNode found) {
            if (found.isMissingNode() || found.isNull()) {
                return true;
            }
            if (found.isTextual()) {
                return found.asText().equals(value)
                        || (SILU.contains(value) && SILU.contains(found.asText()));
            }
            return found.isNumber()
                    ? isNumber(value) && found.doubleValue() == Double.parseDouble(value)
                    : found.toString().equals(value);
        }

        private static boolean isNumber(String text) {
            return !text.isEmpty() && Character.isDigit(text.charAt(0));
        }
    }
}
