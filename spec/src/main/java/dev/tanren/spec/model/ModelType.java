package dev.tanren.spec.model;

import dev.tanren.spec.plan.Architecture.Family;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What transformers calls a family.
enum ModelType {
    LLAMA(Family.LLAMA, "Llama"),
    MISTRAL(Family.MISTRAL, "Mistral"),
    QWEN2(Family.QWEN2, "Qwen2"),
    QWEN3(Family.QWEN3, "Qwen3"),
    GPT2(Family.GPT2, "GPT2");

    private final Family family;
    private final String classes;

    ModelType(Family family, String classes) {
        this.family = family;
        this.classes = classes;
    }

    static Optional<ModelType> named(String word) {
        return Arrays.stream(values()).filter(type -> type.word().equals(word)).findFirst();
    }

    static ModelType of(Family family) {
        return switch (family) {
            case LLAMA -> LLAMA;
            case MISTRAL -> MISTRAL;
            case QWEN2 -> QWEN2;
            case QWEN3 -> QWEN3;
            case GPT2 -> GPT2;
        };
    }

    Family family() {
        return family;
    }

    /// The `model_type`.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The class with the head.
    String languageModel() {
        return classes + (this == GPT2 ? "LMHeadModel" : "ForCausalLM");
    }

    /// The class without it.
    String bareModel() {
        return classes + "Model";
    }

    String hiddenKey() {
        return this == GPT2 ? "n_embd" : "hidden_size";
    }

    String headsKey() {
        return this == GPT2 ? "n_head" : "num_attention_heads";
    }
}
