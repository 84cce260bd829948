package dev.tanren.deploy.chaos;

import java.util.Locale;

/// The classes by which it is counted whether a person was told right.
public enum FaultClass {
    PREEMPTED,
    RANK_CRASHED,
    HUNG,
    OUT_OF_MEMORY,
    /// Batches that are rolled back among it.
    DIVERGED,
    STORAGE,
    DATA,
    /// Requests that are refused and mistakes of Tanren's own among it.
    CONFIGURATION;

    String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /// Whether an error of such a class, as the API names it, is one of these.
    boolean holds(String failureClass) {
        return switch (failureClass.toUpperCase(Locale.ROOT)) {
            case "ANOMALY" -> this == DIVERGED;
            case "REQUEST", "BUG" -> this == CONFIGURATION;
            default -> name().equalsIgnoreCase(failureClass);
        };
    }
}
