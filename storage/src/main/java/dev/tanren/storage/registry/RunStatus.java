package dev.tanren.storage.registry;

import java.util.Locale;

/// State of a run, a stage or an attempt, as people see it.
public enum RunStatus {
    QUEUED(false),
    RUNNING(false),
    PAUSING(false),
    PAUSED(false),
    CANCELLING(false),
    SUCCEEDED(true),
    /// Stopped by an error; a retry goes on from the last checkpoint.
    FAILED(true),
    CANCELLED(true),
    /// A later stage of a plan that ended before it.
    SKIPPED(true),
    /// An attempt that a newer one replaced.
    SUPERSEDED(true);

    private final boolean terminal;

    RunStatus(boolean terminal) {
        this.terminal = terminal;
    }

    /// Whether nothing more happens unless a person asks for it.
    public boolean terminal() {
        return terminal;
    }

    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static RunStatus of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }
}
