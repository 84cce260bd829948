package dev.tanren.controlplane.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a person on call is told of a run: how it stands, what went wrong and how that is known,
/// what happens by itself, and what a person can do and what that costs.
///
/// @param state finer than the run's status: `queued`, `preparing`, `starting`, `training`,
///     `working` (at a stage that does not train), `waiting`, `stalled`, `recovering`, `pausing`,
///     `paused`, `cancelling`, `succeeded`, `failed`, `cancelled`
/// @param headline the state in one sentence
/// @param since when it came to that, where that is known
/// @param trouble what went wrong last; null where nothing did since a person last decided
/// @param evidence how all that is known, one sentence each
/// @param lastStep that a rank reported last; null where none did
/// @param lastStepAgeSeconds how long ago that was
/// @param doing what is being done by itself
/// @param options what a person can do, the most likely first
public record Situation(
        String state,
        String headline,
        @Nullable Instant since,
        @Nullable Trouble trouble,
        List<String> evidence,
        @Nullable Long lastStep,
        @Nullable Instant lastStepAt,
        @Nullable Double lastStepAgeSeconds,
        String doing,
        List<Option> options) {

    public Situation {
        evidence = List.copyOf(evidence);
        options = List.copyOf(options);
    }

    /// @param failureClass such as `rank_crashed`
    /// @param code such as `TNR-5001`; null where an older worker recorded none
    /// @param what what was found, and where
    /// @param mend what usually helps
    /// @param at when it was noticed
    public record Trouble(
            String failureClass,
            @Nullable String code,
            String what,
            @Nullable String mend,
            Instant at) {}

    /// @param action such as `retry`; `look` changes nothing
    /// @param command that does it
    /// @param effect what it does and costs, in one sentence
    /// @param stepsLost that would be computed again
    /// @param secondsLost the same in time; null where no step was measured
    public record Option(
            String action,
            String command,
            String effect,
            long stepsLost,
            @Nullable Double secondsLost) {}

    /// Whether ranks train, so that where the time of their steps goes is about now.
    public boolean training() {
        return state.equals("training");
    }
}
