package dev.tanren.plan.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.ConfigurationKeys;
import dev.tanren.plan.family.DecoderFamily;
import java.util.Set;
import java.util.stream.Collectors;

/// Turns a parsed `config.json` into an [Architecture] and what stands beside it.
///
/// Defaults are those of transformers' configuration of the family, except for the shape of the
/// model, which the file must give.
final class ConfigurationReader {

    private static final Set<String> ELEMENT_TYPES = Set.of("float32", "float16", "bfloat16");

    private final ConfigurationKeys keys;

    ConfigurationReader(JsonNode root, String where) {
        keys = new ConfigurationKeys(root, "", where);
    }

    HuggingFaceConfiguration read() {
        DecoderFamily family = family();
        requireLanguageModel(family);
        Architecture architecture = family.read(keys);
        requireWholeHeads(architecture, family);
        return new HuggingFaceConfiguration(architecture, dtype(), TokenIds.read(keys));
    }

    private DecoderFamily family() {
        String name = keys.text("model_type", "");
        return DecoderFamily.named(name)
                .orElseThrow(
                        () ->
                                keys.unsupported(
                                        "model_type",
                                        name.isEmpty() ? "nothing" : name,
                                        DecoderFamily.all().stream()
                                                .map(DecoderFamily::modelType)
                                                .collect(Collectors.joining(", "))));
    }

    private void requireLanguageModel(DecoderFamily family) {
        JsonNode architectures = keys.root().path("architectures");
        for (JsonNode name : architectures) {
            if (name.asText().equals(family.languageModelClass())
                    || name.asText().equals(family.bareModelClass())) {
                return;
            }
        }
        if (!architectures.isEmpty()) {
            throw keys.unsupported(
                    "architectures", architectures.toString(), family.languageModelClass());
        }
    }

    private void requireWholeHeads(Architecture architecture, DecoderFamily family) {
        int heads = architecture.heads();
        if (architecture.headSize() == null && architecture.hiddenSize() % heads != 0) {
            throw keys.malformed(
                    family.headsKey(), heads + "", "a divisor of " + family.hiddenKey());
        }
        if (heads % architecture.keyValueHeads() != 0) {
            throw keys.malformed(
                    "num_key_value_heads",
                    architecture.keyValueHeads() + "",
                    "a divisor of num_attention_heads");
        }
        if (family.rotary() && architecture.effectiveHeadSize() % 2 != 0) {
            throw keys.malformed(
                    "head_dim", architecture.effectiveHeadSize() + "", "an even number");
        }
    }

    private String dtype() {
        String name = keys.absent("dtype") ? "torch_dtype" : "dtype";
        if (keys.absent(name)) {
            return "float32";
        }
        String dtype = keys.text(name, "");
        if (!ELEMENT_TYPES.contains(dtype)) {
            throw keys.unsupported(
                    "dtype", dtype, String.join(", ", ELEMENT_TYPES.stream().sorted().toList()));
        }
        return dtype;
    }
}
