package dev.tanren.workflows.run.internal;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// The states of a run and the table of its legal transitions.
enum Lifecycle {
    QUEUED,
    RUNNING,
    PAUSING,
    PAUSED,
    CANCELLING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    boolean mayBecome(Lifecycle next) {
        return nexts().contains(next);
    }

    /// Whether nothing follows.
    boolean terminal() {
        return nexts().isEmpty();
    }

    /// `RUNNING` to `PAUSED` without `PAUSING`: nothing is at work, the run waits for a person.
    /// `PAUSING` to `SUCCEEDED`: the last stage ended before it could stop.
    private Set<Lifecycle> nexts() {
        return switch (this) {
            case QUEUED -> EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED);
            case RUNNING -> EnumSet.of(PAUSING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED);
            case PAUSING -> EnumSet.of(RUNNING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED);
            case PAUSED -> EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED);
            case CANCELLING -> EnumSet.of(CANCELLED, FAILED);
            case SUCCEEDED, FAILED, CANCELLED -> EnumSet.noneOf(Lifecycle.class);
        };
    }

    /// As the registry and people write it.
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// States from which `next` can be reached, for messages.
    static String sourcesOf(Lifecycle next) {
        return Arrays.stream(values())
                .filter(state -> state.mayBecome(next))
                .map(Lifecycle::key)
                .collect(Collectors.joining(", "));
    }
}
