package dev.tanren.controlplane.run;

import dev.tanren.storage.registry.RunStatus;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What people may ask of a run, and in which states.
public enum RunAction {
    PAUSE,
    RESUME,
    CANCEL,
    RETRY;

    private Set<RunStatus> from() {
        return switch (this) {
            case PAUSE -> EnumSet.of(RunStatus.RUNNING);
            case RESUME -> EnumSet.of(RunStatus.PAUSING, RunStatus.PAUSED);
            case CANCEL ->
                    EnumSet.of(
                            RunStatus.QUEUED,
                            RunStatus.RUNNING,
                            RunStatus.PAUSING,
                            RunStatus.PAUSED);
            case RETRY -> EnumSet.of(RunStatus.FAILED, RunStatus.CANCELLED);
        };
    }

    public boolean allowedIn(RunStatus status) {
        return from().contains(status);
    }

    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @param key as the API's addresses have it
    static RunAction of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }

    /// Keys of the states that allow it, for messages.
    String states() {
        return String.join(", ", from().stream().map(RunStatus::key).toList());
    }

    static List<RunAction> allowed(RunStatus status) {
        return Arrays.stream(values()).filter(action -> action.allowedIn(status)).toList();
    }
}
