package dev.tanren.plan.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.json.Json;

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
        DecoderFamily family = DecoderFamily.of(architecture);
        root.putArray("architectures").add(family.languageModelClass());
        root.put("model_type", family.modelType());
        root.put("vocab_size", architecture.vocabSize());
        family.write(architecture, root);
        root.put("tie_word_embeddings", architecture.tieWordEmbeddings());
        root.put("initializer_range", 0.02);
        root.put("use_cache", true);
        root.put("dtype", configuration.dtype());
        root.put("torch_dtype", configuration.dtype());
        configuration.tokenIds().writeTo(root);
        return root.toPrettyString() + "\n";
    }
}
