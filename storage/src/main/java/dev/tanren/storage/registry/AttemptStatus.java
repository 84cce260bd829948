package dev.tanren.storage.registry;

import java.util.Locale;

/// State of an attempt, as people see it.
public enum AttemptStatus {
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED,
    /// It saved and ended because the run pauses.
    PAUSED,
    /// A newer attempt replaced it.
    SUPERSEDED;

    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException where none has this key
    public static AttemptStatus of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }
}
