package dev.tanren.storage.registry;

import dev.tanren.plan.run.Actor;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The registry's side of the commit protocol, and the list people read.
public interface Checkpoints {

    /// Opens or re-opens the row of a commit while the attempt is the newest of its stage.
    ///
    /// @return false when a checkpoint of this step is committed already
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_STALE_ATTEMPT`
    boolean prepare(NewCheckpoint checkpoint);

    /// Makes the prepared row visible, if the attempt still is the newest; checks and writes in one
    /// transaction.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_STALE_ATTEMPT`
    void commit(String runId, String stageId, long step, long fencingToken);

    /// Inserts a row as committed from its manifest, to rebuild the registry. Idempotent.
    void restore(NewCheckpoint checkpoint);

    /// Committed and not quarantined, newest step first.
    List<Row> list(String runId, String stageId);

    /// All stages' committed checkpoints, newest commit first, the quarantined among them.
    List<Row> list(String runId);

    Optional<Row> find(String runId, String stageId, long step);

    /// Marks a checkpoint as one that no run goes on from, with an event and an entry in the audit
    /// in the same transaction. Nothing happens where the step has another checkpoint by now, or
    /// where it is marked already.
    ///
    /// @return whether the checkpoint is still there
    boolean quarantine(Row checkpoint, String reason, Actor actor);

    /// Records that a checkpoint held when it was read whole. That lifts a quarantine, with an
    /// event and an entry in the audit. Nothing happens where the step has another checkpoint by
    /// now.
    void verified(Row checkpoint, Actor actor);

    /// Removes a row, if the step still has this checkpoint and no attempt newer than the collector
    /// has begun; checks and removes in one transaction.
    ///
    /// @param collector token under which it is collected
    /// @return whether the row was removed by this call
    boolean remove(Row checkpoint, long collector);

    record NewCheckpoint(
            String runId,
            String stageId,
            String phaseId,
            long step,
            int attempt,
            long fencingToken,
            String manifestKey,
            long bytes,
            String weightsSha256,
            double loss) {}

    record Row(
            String runId,
            String stageId,
            String phaseId,
            long step,
            int attempt,
            long fencingToken,
            String manifestKey,
            long bytes,
            String weightsSha256,
            double loss,
            Instant committedAt,
            @Nullable Instant verifiedAt,
            @Nullable String quarantined) {

        /// As the audit names it.
        public String subject() {
            return "checkpoint/" + runId + "/" + stageId + "/" + step;
        }

        /// Whether the row still names the same save.
        public boolean sameSave(Row other) {
            return step == other.step && fencingToken == other.fencingToken;
        }
    }
}
