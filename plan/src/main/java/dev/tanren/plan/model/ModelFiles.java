package dev.tanren.plan.model;

import java.util.List;

/// The names of the files of a Hugging Face model directory beside its weights.
public final class ModelFiles {

    public static final String CONFIGURATION = "config.json";
    public static final String TOKENIZER = "tokenizer.json";
    public static final String TOKENIZER_CONFIGURATION = "tokenizer_config.json";
    public static final String SPECIAL_TOKENS = "special_tokens_map.json";
    public static final String GENERATION = "generation_config.json";

    public static final String CHAT_TEMPLATE = "chat_template.jinja";

    /// What a tokenizer's own files say of its tokens, beside `tokenizer.json`.
    public static final List<String> OF_TOKENIZER =
            List.of(TOKENIZER_CONFIGURATION, SPECIAL_TOKENS, CHAT_TEMPLATE);

    /// What training does not change and other software reads: they go from a base model to what
    /// is published of it as they are.
    public static final List<String> CARRIED =
            List.of(TOKENIZER_CONFIGURATION, SPECIAL_TOKENS, CHAT_TEMPLATE, GENERATION);

    private ModelFiles() {}
}
