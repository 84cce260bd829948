package dev.tanren.controlplane.run;

import dev.tanren.plan.run.Actor;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.registry.PostgresRegistry;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/// Deletes runs that have ended.
@Singleton
public class RunDeletion {

    private final PostgresRegistry registry;
    private final StoreCollector collector;

    RunDeletion(PostgresRegistry registry, StoreCollector collector) {
        this.registry = registry;
        this.collector = collector;
    }

    /// What was removed.
    ///
    /// @param id of the run
    public record Deleted(String id, long objects) {}

    /// The registry forgets the run at once; where the removal of its objects breaks off, the next
    /// collection goes on with it. Datasets and models stay: other runs share them.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `STATE_CONFLICT` where the run has not ended
    public Deleted delete(Actor actor, String runId, @Nullable String reason) {
        registry.removals().deleteRun(runId, actor, reason);
        return new Deleted(runId, collector.removeObjects(runId));
    }
}
