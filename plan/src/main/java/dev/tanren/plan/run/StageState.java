package dev.tanren.plan.run;

import java.util.Locale;

/// The states of a stage of a run.
public enum StageState {
    QUEUED(false),
    RUNNING(false),
    SUCCEEDED(true),
    FAILED(true),
    CANCELLED(true),
    /// A later stage of a run that ended before it.
    SKIPPED(true);

    private final boolean terminal;

    StageState(boolean terminal) {
        this.terminal = terminal;
    }

    /// Whether nothing more happens to it unless the run is tried again.
    public boolean terminal() {
        return terminal;
    }

    /// As the registry, the API and people write it.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException where no state has this key
    public static StageState of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }
}
