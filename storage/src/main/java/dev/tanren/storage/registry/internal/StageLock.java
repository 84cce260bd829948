package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Fencing: whoever begins an attempt or commits under one holds the stage's row, so that no
/// attempt can begin between another's check and its write.
final class StageLock {

    private StageLock() {}

    /// Holds the stage against others until the transaction ends.
    static void exclusive(Handle handle, String runId, String stageId) {
        lock(handle, runId, stageId, "for update");
    }

    /// Holds the stage against a new attempt, but not against other writers of the same one.
    static void shared(Handle handle, String runId, String stageId) {
        lock(handle, runId, stageId, "for key share");
    }

    private static void lock(Handle handle, String runId, String stageId, String strength) {
        Optional<String> held =
                handle.createQuery(
                                "select stage_id from stages"
                                        + " where run_id = :runId and stage_id = :stageId "
                                        + strength)
                        .bind("runId", runId)
                        .bind("stageId", stageId)
                        .mapTo(String.class)
                        .findOne();
        if (held.isEmpty()) {
            throw PostgresRuns.missing("run/" + runId + "/" + stageId);
        }
    }

    /// Draws a token that is newer than every attempt's. The stage must be held.
    static long fence(Handle handle, String runId, String stageId) {
        return handle.createQuery(
                        """
                        update stages set fence = nextval('attempts_fencing_token_seq')
                        where run_id = :runId and stage_id = :stageId
                        returning fence
                        """)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .mapTo(Long.class)
                .one();
    }

    /// The newest attempt's fencing token, or that of a newer fence; 0 when there is neither.
    static long newestToken(Handle handle, String runId, String stageId) {
        return handle.createQuery(
                        """
                        select greatest(
                            (select coalesce(max(fencing_token), 0) from attempts
                             where run_id = :runId and stage_id = :stageId),
                            (select coalesce(max(fence), 0) from stages
                             where run_id = :runId and stage_id = :stageId))
                        """)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .mapTo(Long.class)
                .one();
    }

    /// @throws TanrenException `CHECKPOINT_STALE_ATTEMPT` unless the token is the newest
    static void requireNewest(Handle handle, String runId, String stageId, long fencingToken) {
        exclusive(handle, runId, stageId);
        long newest = newestToken(handle, runId, stageId);
        if (newest != fencingToken) {
            throw new TanrenException(
                    ErrorCode.CHECKPOINT_STALE_ATTEMPT,
                    "the attempt with fencing token "
                            + fencingToken
                            + " is not the stage's newest, which has "
                            + newest,
                    "run/" + runId + "/" + stageId,
                    "stop this attempt: a newer one goes on from the last committed checkpoint");
        }
    }
}
