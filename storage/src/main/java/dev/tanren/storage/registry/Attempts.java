package dev.tanren.storage.registry;

import dev.tanren.plan.error.ErrorCode;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Tries at a stage. The newest one alone may commit.
public interface Attempts {

    /// Begins a new attempt, which makes every earlier one of the stage stale. Where it starts from
    /// is looked for after that and told to [#start]. Whether the run still wants it is checked in
    /// the same transaction.
    ///
    /// @return empty, and nothing is begun, while the run is pausing or paused: it may go on
    /// @throws dev.tanren.plan.error.TanrenException `STATE_CONFLICT`, and nothing is begun, where
    ///     the run or the stage has ended or is being cancelled, or the run is in another execution
    Optional<Attempt> begin(NewAttempt attempt);

    /// Sets where an attempt starts. Steps after `resumeStep` that earlier attempts reported are
    /// marked as rolled back.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_STALE_ATTEMPT` where a newer
    ///     attempt has begun
    Attempt start(Attempt begun, long resumeStep);

    /// Makes every attempt of a stage stale without beginning another, so that what it left can be
    /// collected.
    ///
    /// @return the token that is now the stage's newest; empty, and nothing is changed, while the
    ///     run has not ended
    OptionalLong fence(String runId, String stageId);

    /// The stage's newest token, an attempt's or that of [#fence]; 0 before the first.
    long newestToken(String runId, String stageId);

    /// Records an attempt that is known by what it saved, as ended. Nothing happens where it is
    /// recorded.
    void restore(KnownAttempt attempt);

    /// Lets every token that is drawn from now on be higher than this one.
    void continueAbove(long token);

    /// Records what an attempt waits for that has not ended, until it is launched or ends.
    void waits(long fencingToken, String reason);

    /// Records the worker that launched the attempt's ranks, which need not be the one that began
    /// the attempt.
    void launched(long fencingToken, String worker);

    /// Whether no newer attempt of the stage has begun.
    boolean current(String runId, String stageId, long fencingToken);

    /// Records how an attempt ended. Nothing happens where it has ended.
    ///
    /// @param error why, whose class is recorded with it; null where nothing failed
    void end(
            long fencingToken,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable ErrorCode error,
            long lastStep);

    List<Attempt> list(String runId);

    /// How it stands with those of each run, asked for at once; a run without any is left out.
    Map<String, Tally> tallies(Collection<String> runIds);

    /// @param attempts how many a run has had, all its stages together
    /// @param waitsFor what the newest waits for; null where it is launched or has ended
    record Tally(int attempts, @Nullable String waitsFor) {

        public static final Tally NONE = new Tally(0, null);
    }

    /// @param execution the run's that wants it; one that a retry has replaced gets none
    /// @param requestId the same id gives the same attempt again, so a retried call begins no
    ///     second one
    /// @param newestSeen fencing token of the stage's newest attempt when the call began: where
    ///     another has begun meanwhile, this one comes too late
    record NewAttempt(
            String runId,
            long execution,
            String stageId,
            @Nullable String phaseId,
            String worker,
            int ranks,
            String requestId,
            long newestSeen) {}

    /// @param step that it saved
    record KnownAttempt(
            String runId,
            String stageId,
            String phaseId,
            int attempt,
            long fencingToken,
            long step) {}

    /// @param fencingToken rises with every attempt of the whole installation; also the attempt's
    ///     identity
    /// @param worker that runs the ranks; until they are launched, the one that began the attempt
    /// @param resumeStep last step that is in what it starts from; null until that is found
    /// @param failureClass constant name of its class; null where nothing failed
    /// @param failureCode constant name of [ErrorCode]; null where nothing failed
    record Attempt(
            String runId,
            String stageId,
            @Nullable String phaseId,
            int attempt,
            long fencingToken,
            String worker,
            int ranks,
            @Nullable Long resumeStep,
            long lastStep,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable String failureClass,
            @Nullable String failureCode,
            Instant startedAt,
            @Nullable Instant firstStepAt,
            @Nullable Instant endedAt) {}
}
