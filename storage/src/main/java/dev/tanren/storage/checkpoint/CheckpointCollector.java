package dev.tanren.storage.checkpoint;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Removes what a stage no longer needs.
///
/// An object that no committed manifest names is removed only where it cannot belong to a save
/// under way: its attempt's fencing token is lower than that of the newest committed checkpoint, so
/// a newer attempt has begun and this one can commit nothing any more. What the newest attempts
/// leave behind goes once a later attempt has committed. This needs no clock and holds even when a
/// stale attempt collects.
///
/// Uploads in parts that a killed process left half done are given up by the same rule, and after
/// [#UPLOAD_AGE] whatever they were for, as far as the store keeps when they began.
final class CheckpointCollector {

    /// No upload takes this long: a part that does not move ends within minutes.
    private static final Duration UPLOAD_AGE = Duration.ofDays(1);

    private final ObjectStore store;
    private final Checkpoints registry;

    CheckpointCollector(ObjectStore store, Checkpoints registry) {
        this.store = store;
        this.registry = registry;
    }

    void collect(String runId, String stageId, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("at least one checkpoint stays, not " + keep);
        }
        // The listing comes before the rows: what is committed in between is not in it.
        List<StoredObject> objects = store.list(CheckpointLayout.stagePrefix(runId, stageId));
        List<IncompleteUpload> uploads = store.incompleteUploads("runs/" + runId + "/");
        List<Row> rows = registry.list(runId, stageId);
        if (rows.isEmpty()) {
            return;
        }
        List<Row> kept = kept(rows, keep);
        rows.stream().filter(row -> !kept.contains(row)).forEach(this::remove);
        long newestToken = rows.stream().mapToLong(Row::fencingToken).max().orElseThrow();
        long oldestStep = rows.get(Math.min(keep, rows.size()) - 1).step();
        Set<String> named = named(kept);
        quarantined(runId, stageId)
                .forEach(
                        row -> {
                            if (row.step() < oldestStep) {
                                remove(row);
                            } else {
                                nameAll(row, named);
                            }
                        });
        for (StoredObject object : objects) {
            if (!named.contains(object.key()) && abandoned(object.key(), newestToken)) {
                store.delete(object.key());
            }
        }
        giveUp(uploads, CheckpointLayout.stagePrefix(runId, stageId), newestToken);
    }

    private void giveUp(List<IncompleteUpload> uploads, String stagePrefix, long newestToken) {
        Instant now = Instant.now();
        for (IncompleteUpload upload : uploads) {
            if (abandoned(upload, stagePrefix, newestToken, now)) {
                store.abort(upload);
            }
        }
    }

    static boolean abandoned(
            IncompleteUpload upload, String stagePrefix, long newestToken, Instant now) {
        long token = CheckpointLayout.token(upload.key()).orElse(Long.MAX_VALUE);
        boolean stale = upload.key().startsWith(stagePrefix) && token < newestToken;
        return stale || upload.begun().isBefore(now.minus(UPLOAD_AGE));
    }

    private static List<Row> kept(List<Row> newestFirst, int keep) {
        Set<String> phases = new HashSet<>();
        return java.util.stream.IntStream.range(0, newestFirst.size())
                .filter(i -> phases.add(newestFirst.get(i).phaseId()) || i < keep)
                .mapToObj(newestFirst::get)
                .toList();
    }

    private List<Row> quarantined(String runId, String stageId) {
        return registry.list(runId).stream()
                .filter(row -> row.stageId().equals(stageId) && row.quarantined() != null)
                .toList();
    }

    /// The row first, so that no reader is sent to what is gone; then the manifest, so that a
    /// rebuild does not meet one without shards.
    private void remove(Row row) {
        Set<String> objects = new HashSet<>();
        nameAll(row, objects);
        registry.delete(row.runId(), row.stageId(), row.step());
        List<String> manifests = objects.stream().filter(CheckpointLayout::isManifest).toList();
        manifests.forEach(store::delete);
        manifests.forEach(objects::remove);
        objects.forEach(store::delete);
    }

    private Set<String> named(List<Row> rows) {
        Set<String> named = new HashSet<>();
        rows.forEach(row -> nameAll(row, named));
        return named;
    }

    private void nameAll(Row row, Set<String> names) {
        names.add(row.manifestKey());
        names.add(CheckpointLayout.manifestKey(row.runId(), row.stageId(), row.step()));
        try {
            byte[] bytes = store.get(row.manifestKey());
            Manifests.parse(row.manifestKey(), bytes)
                    .shards()
                    .forEach(shard -> names.add(shard.key()));
        } catch (TanrenException e) {
            boolean unreadable =
                    e.code() == ErrorCode.OBJECT_CORRUPT || e.code() == ErrorCode.OBJECT_MISSING;
            if (!unreadable) {
                throw e;
            }
            // Which shards it named is lost with it, so everything of its step stays.
            store.list(CheckpointLayout.stepPrefix(row.runId(), row.stageId(), row.step()))
                    .forEach(object -> names.add(object.key()));
        }
    }

    /// A plain `manifest.json` says in itself whose it is.
    private boolean abandoned(String key, long newestToken) {
        long token = CheckpointLayout.token(key).orElse(Long.MAX_VALUE);
        if (token == Long.MAX_VALUE && CheckpointLayout.isManifest(key)) {
            try {
                token = Manifests.parse(key, store.get(key)).fencingToken();
            } catch (TanrenException e) {
                if (e.code() == ErrorCode.OBJECT_CORRUPT || e.code() == ErrorCode.OBJECT_MISSING) {
                    return false;
                }
                throw e;
            }
        }
        return token < newestToken;
    }
}
