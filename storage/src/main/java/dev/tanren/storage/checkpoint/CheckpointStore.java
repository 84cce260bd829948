package dev.tanren.storage.checkpoint;

import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Checkpoints;
import java.util.List;
import java.util.Optional;

/// Commits and finds checkpoints.
///
/// A commit is two steps: the shards are there already, immutable; then the manifest is written,
/// under a key of the attempt's own, while a row of the registry holds the attempt's fencing token,
/// checked before and after. A reader sees the old checkpoint or the new one, never a part of one.
public interface CheckpointStore {

    /// Commits a checkpoint whose shards are all stored.
    ///
    /// Idempotent: the same attempt may commit the same step again. When an earlier attempt left a
    /// manifest of the same step, the registry decides: a committed one stays, an uncommitted one
    /// is replaced.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_STALE_ATTEMPT` where a newer
    ///     attempt has begun; `OBJECT_CORRUPT` or `OBJECT_MISSING` where a shard is not what the
    ///     manifest says
    Committed commit(CheckpointManifest manifest);

    /// The newest checkpoint of a stage that verifies, found by going back from the newest; those
    /// that do not verify are quarantined, with an event. Where none verifies, quarantined ones are
    /// tried once more.
    ///
    /// Whoever begins an attempt asks after it has its fencing token: from then on no earlier
    /// attempt commits another one or removes this.
    ///
    /// @param stop asked between the pieces that are read
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_NONE_VALID` when the stage has
    ///     checkpoints but none that verifies
    Optional<Committed> latestValid(String runId, String stageId, StopSignal stop);

    default Optional<Committed> latestValid(String runId, String stageId) {
        return latestValid(runId, stageId, StopSignal.NEVER);
    }

    /// What [#latestValid] would give, or throw, without recording anything. Large checkpoints are
    /// not read whole: damage that the store itself does not know of is not found in them.
    Optional<Committed> preview(String runId, String stageId);

    CheckpointManifest read(String manifestKey);

    /// Reads every shard and compares sizes and hashes.
    ///
    /// @return what is wrong, in words; empty when all is well
    List<String> verify(CheckpointManifest manifest);

    /// Reads a committed checkpoint whole and records what was found: one that does not hold is
    /// quarantined, one that holds is no longer; either with an event and an entry in the audit.
    ///
    /// @param actor who has it looked at
    /// @return what is wrong, in words; empty when all is well
    Optional<String> inspect(Checkpoints.Row checkpoint, Actor actor);

    /// Removes checkpoints of a stage that are no longer kept, and what stale attempts left that no
    /// committed manifest names. Nothing is removed once a newer attempt has begun.
    ///
    /// @param keep how many of the newest stay; the last of each phase stays always
    /// @param collector fencing token of the attempt that collects, or of
    ///     [dev.tanren.storage.registry.Attempts#fence]
    Collected collect(String runId, String stageId, int keep, long collector);

    /// What a collection removed.
    ///
    /// @param objects that no checkpoint named
    /// @param uploads in parts that nobody will end
    record Collected(long checkpoints, long objects, long uploads) {
        public static final Collected NOTHING = new Collected(0, 0, 0);

        public Collected plus(Collected other) {
            return new Collected(
                    checkpoints + other.checkpoints,
                    objects + other.objects,
                    uploads + other.uploads);
        }
    }

    /// @param manifestKey object key of the manifest that the row names
    record Committed(String manifestKey, CheckpointManifest manifest) {}
}
