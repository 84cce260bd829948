package dev.tanren.plan.run;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The states of a run, the table of what may follow each, and what people may ask in it.
///
/// The run's workflow alone moves a run from one state to the next. A retry begins a new execution
/// of the same run, which starts as [#QUEUED] again.
public enum RunState {
    /// Recorded; its workflow has not begun.
    QUEUED,
    RUNNING,
    /// A pause was asked for; the ranks save and end.
    PAUSING,
    /// Waits for a person and holds no worker.
    PAUSED,
    /// A cancellation was asked for; what is at work ends.
    CANCELLING,
    SUCCEEDED,
    /// Stopped by an error; a retry goes on from the last checkpoint.
    FAILED,
    CANCELLED;

    public boolean mayBecome(RunState next) {
        return nexts().contains(next);
    }

    /// Whether nothing more happens unless a person asks for it.
    public boolean terminal() {
        return nexts().isEmpty();
    }

    /// `RUNNING` to `PAUSED` without `PAUSING`: nothing is at work, the run waits for a person.
    /// `PAUSING` to `SUCCEEDED`: the last stage ended before it could stop.
    private Set<RunState> nexts() {
        return switch (this) {
            case QUEUED -> EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED);
            case RUNNING -> EnumSet.of(PAUSING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED);
            case PAUSING -> EnumSet.of(RUNNING, PAUSED, CANCELLING, CANCELLED, SUCCEEDED, FAILED);
            case PAUSED -> EnumSet.of(RUNNING, CANCELLING, CANCELLED, FAILED);
            case CANCELLING -> EnumSet.of(CANCELLED, FAILED);
            case SUCCEEDED, FAILED, CANCELLED -> EnumSet.noneOf(RunState.class);
        };
    }

    /// What people may ask of a run in this state.
    public Set<RunAction> actions() {
        return switch (this) {
            case QUEUED -> EnumSet.of(RunAction.CANCEL);
            case RUNNING -> EnumSet.of(RunAction.PAUSE, RunAction.CANCEL);
            case PAUSING, PAUSED -> EnumSet.of(RunAction.RESUME, RunAction.CANCEL);
            case FAILED, CANCELLED -> EnumSet.of(RunAction.RETRY);
            case CANCELLING, SUCCEEDED -> EnumSet.noneOf(RunAction.class);
        };
    }

    /// As the registry, the API and people write it.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws IllegalArgumentException where no state has this key
    public static RunState of(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }

    /// The states in which something may still happen by itself.
    public static List<RunState> open() {
        return Arrays.stream(values()).filter(state -> !state.terminal()).toList();
    }
}
