package dev.tanren.storage.checkpoint;

import java.util.List;
import java.util.Optional;

/// Commits and finds checkpoints.
///
/// A commit is two steps: the shards are there already, immutable; then the manifest is written by
/// a conditional PUT while a row of the registry holds the attempt's fencing token, checked before
/// and after. A reader sees the old checkpoint or the new one, never a part of one.
public interface CheckpointStore {

    /// Commits a checkpoint whose shards are all stored.
    ///
    /// Idempotent: the same attempt may commit the same step again. When an earlier attempt left a
    /// manifest of the same step, the registry decides: a committed one stays, an uncommitted one
    /// is replaced.
    ///
    /// @throws dev.tanren.spec.error.TanrenException `CHECKPOINT_STALE_ATTEMPT` where a newer
    ///     attempt has begun; `OBJECT_CORRUPT` or `OBJECT_MISSING` where a shard is not what the
    ///     manifest says
    Committed commit(CheckpointManifest manifest);

    /// The newest checkpoint of a stage that verifies, found by going back from the newest; those
    /// that do not verify are quarantined and recorded as events.
    Optional<Committed> latestValid(String runId, String stageId);

    CheckpointManifest read(String manifestKey);

    /// Reads every shard and compares sizes and hashes.
    ///
    /// @return what is wrong, in words; empty when all is well
    List<String> verify(CheckpointManifest manifest);

    /// Removes checkpoints of a stage that are no longer kept, and shards that no committed
    /// manifest names.
    ///
    /// @param keep how many of the newest stay; the last of each phase stays always
    void collect(String runId, String stageId, int keep);

    /// @param manifestKey object key of `manifest.json`
    record Committed(String manifestKey, CheckpointManifest manifest) {}
}
