package dev.tanren.storage.registry;

import dev.tanren.plan.error.FailureClass;
import java.util.Locale;

/// State of an attempt, as people see it.
public enum AttemptStatus {
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED,
    /// It saved and ended because the run pauses.
    PAUSED,
    /// Its worker was stopped or taken away: nothing is wrong with the work.
    PREEMPTED,
    /// A newer attempt replaced it.
    SUPERSEDED;

    /// How an attempt ends that an error of this class ended.
    public static AttemptStatus of(FailureClass failure) {
        return failure == FailureClass.PREEMPTED ? PREEMPTED : FAILED;
    }

    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException where none has this key
    public static AttemptStatus of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }
}
