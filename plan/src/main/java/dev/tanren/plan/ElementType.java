package dev.tanren.plan;

import java.util.Locale;

/// What a published weight is stored as.
public enum ElementType {
    FLOAT32,
    BFLOAT16,
    FLOAT16;

    /// As Hugging Face and plans name it: `float32`, `bfloat16`, `float16`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
