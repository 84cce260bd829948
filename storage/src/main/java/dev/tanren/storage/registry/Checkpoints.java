package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The registry's side of the commit protocol, and the list people read.
public interface Checkpoints {

    /// Opens or re-opens the row of a commit while the attempt is the newest of its stage.
    ///
    /// @return false when a checkpoint of this step is committed already
    /// @throws dev.tanren.spec.error.TanrenException `CHECKPOINT_STALE_ATTEMPT`
    boolean prepare(NewCheckpoint checkpoint);

    /// Makes the prepared row visible, if the attempt still is the newest; checks and writes in one
    /// transaction.
    ///
    /// @throws dev.tanren.spec.error.TanrenException `CHECKPOINT_STALE_ATTEMPT`
    void commit(String runId, String stageId, long step, long fencingToken);

    /// Inserts a row as committed from its manifest, to rebuild the registry. Idempotent.
    void restore(NewCheckpoint checkpoint);

    /// Committed and not quarantined, newest step first.
    List<Row> list(String runId, String stageId);

    List<Row> list(String runId);

    Optional<Row> find(String runId, String stageId, long step);

    void quarantine(String runId, String stageId, long step, String reason);

    void verified(String runId, String stageId, long step);

    void delete(String runId, String stageId, long step);

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
            @Nullable String quarantined) {}
}
