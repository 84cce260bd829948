package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.util.Optional;

/// Keeps `manifest.json` a copy of the manifest that the row names.
///
/// It is for people and for a rebuild; no reader of ours is led by it. All attempts write it under
/// one key, so a request of one that was cut off may arrive at any time. So the row decides after
/// each write, and again whenever the stage is collected.
final class CommittedCopy {

    private final ObjectStore store;
    private final Checkpoints registry;
    private final CheckpointInspector inspector;

    CommittedCopy(ObjectStore store, Checkpoints registry, CheckpointInspector inspector) {
        this.store = store;
        this.registry = registry;
        this.inspector = inspector;
    }

    /// Writes the copy where it is not right, and looks at the row again after.
    void putRight(Row row) {
        Optional<Row> wanted = Optional.of(row);
        while (wanted.isPresent()) {
            Row current = wanted.get();
            write(current);
            wanted =
                    registry.find(current.runId(), current.stageId(), current.step())
                            .filter(now -> !now.sameSave(current));
        }
    }

    private void write(Row row) {
        String copy = CheckpointLayout.manifestKey(row.runId(), row.stageId(), row.step());
        Optional<CheckpointManifest> wanted = inspector.manifest(row.manifestKey());
        if (wanted.isPresent() && !inspector.manifest(copy).equals(wanted)) {
            store.put(copy, Manifests.bytes(wanted.get()));
        }
    }

    /// Removes the copy of a checkpoint that is gone, unless it names another one.
    void remove(Row gone) {
        String copy = CheckpointLayout.manifestKey(gone.runId(), gone.stageId(), gone.step());
        boolean others =
                inspector
                        .manifest(copy)
                        .filter(found -> found.fencingToken() != gone.fencingToken())
                        .isPresent();
        if (!others) {
            store.delete(copy);
            registry.find(gone.runId(), gone.stageId(), gone.step()).ifPresent(this::putRight);
        }
    }
}
