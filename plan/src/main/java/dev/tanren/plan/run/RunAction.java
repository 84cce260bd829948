package dev.tanren.plan.run;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// What people may ask of a run.
public enum RunAction {
    PAUSE,
    /// Lets a paused run go on, which also approves what it waits for.
    RESUME,
    CANCEL,
    /// Begins a new execution of the run, which does finished stages not again.
    RETRY;

    public boolean allowedIn(RunState state) {
        return state.actions().contains(this);
    }

    /// Whether a run in this state is where the action was to bring it.
    public boolean reached(RunState state) {
        return switch (this) {
            case PAUSE -> state == RunState.PAUSING || state == RunState.PAUSED;
            case RESUME, RETRY -> state == RunState.QUEUED || state == RunState.RUNNING;
            case CANCEL -> state == RunState.CANCELLING || state == RunState.CANCELLED;
        };
    }

    /// As the API's addresses have it.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException where no action has this key
    public static RunAction of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }

    /// Keys of the states that allow it, for messages.
    public String states() {
        return Arrays.stream(RunState.values())
                .filter(this::allowedIn)
                .map(RunState::key)
                .collect(Collectors.joining(", "));
    }
}
