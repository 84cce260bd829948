package dev.tanren.workflows.run.internal;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
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

    /// `RUNNING` to `PAUSED` without `PAUSING`: nothing is at work, the run waits for a person.
    /// `PAUSING` to `SUCCEEDED`: the last stage ended before it could stop.
    private static final Map<Lifecycle, Set<Lifecycle>> TRANSITIONS =
            Map.of(
                    QUEUED, EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED),
                    RUNNING, EnumSet.of(PAUSING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED),
                    PAUSING, EnumSet.of(RUNNING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED),
                    PAUSED, EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED),
                    CANCELLING, EnumSet.of(CANCELLED, FAILED),
                    SUCCEEDED, EnumSet.noneOf(Lifecycle.class),
                    FAILED, EnumSet.noneOf(Lifecycle.class),
                    CANCELLED, EnumSet.noneOf(Lifecycle.class));

    boolean mayBecome(Lifecycle next) {
        return TRANSITIONS.getOrDefault(this, Set.of()).contains(next);
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
