package dev.tanren.activities.gang.internal;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.CheckpointStore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Commits checkpoints in their order while the ranks go on, and removes those no longer kept.
public final class Commits implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Commits.class);

    private final CheckpointStore checkpoints;
    private final int keep;
    private final AtomicLong newest = new AtomicLong();
    private final SerialWriter writer;

    public Commits(CheckpointStore checkpoints, int keep, Consumer<GangEvent> events) {
        this.checkpoints = checkpoints;
        this.keep = keep;
        this.writer =
                new SerialWriter(
                        "commits", error -> events.accept(new GangEvent.CommitFailed(error)));
    }

    public void commit(CheckpointManifest manifest) {
        writer.submit(() -> commitNow(manifest));
    }

    /// Step of the newest checkpoint that was committed; 0 before the first.
    public long newest() {
        return newest.get();
    }

    public boolean idle() {
        return writer.idle();
    }

    public void abandon() {
        writer.abandon();
    }

    @Override
    public void close() {
        writer.close();
    }

    private void commitNow(CheckpointManifest manifest) {
        checkpoints.commit(manifest);
        newest.accumulateAndGet(manifest.step(), Math::max);
        try {
            checkpoints.collect(
                    manifest.runId(), manifest.stageId(), keep, manifest.fencingToken());
        } catch (TanrenException e) {
            LOG.warn("old checkpoints are not removed yet: {}", e.getMessage());
        }
    }
}
