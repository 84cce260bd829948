package dev.tanren.spec.model;

import java.util.List;

/// The names of the files of a Hugging Face model directory beside its weights.
public final class ModelFiles {

    public static final String CONFIGURATION = "config.json";
    public static final String TOKENIZER = "tokenizer.json";
    public static final String TOKENIZER_CONFIGURATION = "tokenizer_config.json";
    public static final String GENERATION = "generation_config.json";

    /// What training does not change and other software reads: they go from a base model to what
    /// is published of it as they are.
    public static final List<String> CARRIED =
            List.of(
                    TOKENIZER_CONFIGURATION,
                    "special_tokens_map.json",
                    "chat_template.jinja",
                    GENERATION);

    private ModelFiles() {}
}
