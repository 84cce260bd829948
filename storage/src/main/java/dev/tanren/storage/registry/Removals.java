package dev.tanren.storage.registry;

import dev.tanren.plan.run.Actor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What may be removed from the object store, as the registry knows it.
public interface Removals {

    /// Removes an ended run with its stages, attempts, checkpoints, metrics and events, in one
    /// transaction with a row in the audit. The audit stays. That the run was deleted is
    /// remembered, so that its objects are known to be nobody's.
    ///
    /// @param actor who asks, for the audit
    /// @throws dev.tanren.plan.error.TanrenException `NOT_FOUND`; `STATE_CONFLICT` where the run
    ///     has not ended, or where one that has not ended begins with its weights
    void deleteRun(String runId, Actor actor, @Nullable String reason);

    /// Every run that was deleted.
    List<String> deletedRuns();

    /// Stages of ended runs in which an attempt began since the last [Attempts#fence].
    List<StageOfRun> uncollected();

    /// Whether a run that has not ended may be storing datasets or models: one with no stage at
    /// work.
    boolean mayPrepare();

    record StageOfRun(String runId, String stageId) {}
}
