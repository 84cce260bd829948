package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tries at a stage. The newest one alone may commit.
public interface Attempts {

    /// Begins a new attempt, which makes every earlier one of the stage stale. Steps after
    /// `resumeStep` that earlier attempts reported are marked as rolled back.
    ///
    /// @param requestId the same id gives the same attempt again, so a retried call begins no
    ///     second one
    Attempt begin(
            String runId,
            String stageId,
            @Nullable String phaseId,
            String worker,
            int ranks,
            long resumeStep,
            String requestId);

    /// Records what an attempt waits for that has not ended, until it is launched or ends.
    void waits(long fencingToken, String reason);

    /// Records the worker that launched the attempt's ranks, which need not be the one that began
    /// the attempt.
    void launched(long fencingToken, String worker);

    /// Whether no newer attempt of the stage has begun.
    boolean current(String runId, String stageId, long fencingToken);

    void end(
            long fencingToken,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable String failureClass,
            long lastStep);

    List<Attempt> list(String runId);

    /// @param fencingToken rises with every attempt of the whole installation; also the attempt's
    ///     identity
    /// @param worker that runs the ranks; until they are launched, the one that began the attempt
    record Attempt(
            String runId,
            String stageId,
            @Nullable String phaseId,
            int attempt,
            long fencingToken,
            String worker,
            int ranks,
            long resumeStep,
            long lastStep,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable String failureClass,
            Instant startedAt,
            @Nullable Instant firstStepAt,
            @Nullable Instant endedAt) {}
}
