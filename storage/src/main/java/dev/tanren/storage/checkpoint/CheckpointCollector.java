package dev.tanren.storage.checkpoint;

import dev.tanren.storage.checkpoint.CheckpointStore.Collected;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// Removes what a stage no longer needs, under the token of whoever collects.
///
/// A row goes only while that token is the stage's newest, which the registry checks as it removes
/// it: so a collector that was overtaken removes nothing that the newer attempt may start from. An
/// object or an upload in parts that no committed manifest names goes only where its attempt's
/// token is lower than the collector's: that attempt is stale and can commit nothing any more,
/// whether or not it still runs. This needs no clock.
final class CheckpointCollector {

    private final ObjectStore store;
    private final Attempts attempts;
    private final Checkpoints registry;
    private final CheckpointInspector inspector;
    private final CommittedCopy copies;

    CheckpointCollector(
            ObjectStore store,
            Attempts attempts,
            Checkpoints registry,
            CheckpointInspector inspector,
            CommittedCopy copies) {
        this.store = store;
        this.attempts = attempts;
        this.registry = registry;
        this.inspector = inspector;
        this.copies = copies;
    }

    Collected collect(String runId, String stageId, int keep, long collector) {
        if (keep < 1) {
            throw new IllegalArgumentException("at least one checkpoint stays, not " + keep);
        }
        if (attempts.newestToken(runId, stageId) != collector) {
            return Collected.NOTHING;
        }
        // The listing comes before the rows: what is committed in between is not in it.
        String prefix = CheckpointLayout.stagePrefix(runId, stageId);
        List<StoredObject> objects = store.list(prefix);
        List<IncompleteUpload> uploads = store.incompleteUploads(prefix);
        List<Row> rows = registry.list(runId, stageId);
        List<Row> stay = new ArrayList<>(kept(rows, keep));
        long oldestStep = rows.isEmpty() ? 0 : rows.get(Math.min(keep, rows.size()) - 1).step();
        List<Row> go = new ArrayList<>(rows);
        quarantined(runId, stageId).forEach(row -> (row.step() < oldestStep ? go : stay).add(row));
        go.removeAll(stay);
        List<Row> refused = go.stream().filter(row -> !remove(row, collector)).toList();
        stay.forEach(copies::putRight);
        // A row that was not removed still names its objects.
        stay.addAll(refused);
        return new Collected(
                go.size() - refused.size(),
                removeOrphans(objects, named(stay), collector),
                giveUp(uploads, collector));
    }

    /// The newest, and the last of each phase.
    private static List<Row> kept(List<Row> newestFirst, int keep) {
        Set<String> phases = new HashSet<>();
        return IntStream.range(0, newestFirst.size())
                .filter(i -> phases.add(newestFirst.get(i).phaseId()) || i < keep)
                .mapToObj(newestFirst::get)
                .toList();
    }

    private List<Row> quarantined(String runId, String stageId) {
        return registry.list(runId).stream()
                .filter(row -> row.stageId().equals(stageId) && row.quarantined() != null)
                .toList();
    }

    /// The row first, so that no reader is sent to what is gone; then the manifests, so that a
    /// rebuild does not meet one without shards.
    private boolean remove(Row row, long collector) {
        Set<String> objects = named(List.of(row));
        if (!registry.remove(row, collector)) {
            return false;
        }
        copies.remove(row);
        store.delete(row.manifestKey());
        objects.remove(row.manifestKey());
        objects.stream().filter(key -> isOf(row, key)).forEach(store::delete);
        return true;
    }

    /// Whether an object is the save's own: of its step there may be newer ones.
    private static boolean isOf(Row row, String key) {
        return CheckpointLayout.token(key).orElse(-1) == row.fencingToken();
    }

    private long removeOrphans(List<StoredObject> objects, Set<String> named, long collector) {
        long removed = 0;
        for (StoredObject object : objects) {
            if (!named.contains(object.key()) && stale(object.key(), collector)) {
                store.delete(object.key());
                removed++;
            }
        }
        return removed;
    }

    private long giveUp(List<IncompleteUpload> uploads, long collector) {
        List<IncompleteUpload> abandoned =
                uploads.stream().filter(upload -> stale(upload.key(), collector)).toList();
        abandoned.forEach(store::abort);
        return abandoned.size();
    }

    private Set<String> named(List<Row> rows) {
        Set<String> named = new HashSet<>();
        rows.forEach(row -> nameAll(row, named));
        return named;
    }

    private void nameAll(Row row, Set<String> names) {
        names.add(row.manifestKey());
        names.add(CheckpointLayout.manifestKey(row.runId(), row.stageId(), row.step()));
        Optional<CheckpointManifest> manifest = inspector.manifest(row.manifestKey());
        manifest.ifPresent(found -> found.shards().forEach(shard -> names.add(shard.key())));
        if (manifest.isEmpty()) {
            // Which shards it named is lost with it, so everything of its step stays.
            store.list(CheckpointLayout.stepPrefix(row.runId(), row.stageId(), row.step()))
                    .forEach(object -> names.add(object.key()));
        }
    }

    /// A plain `manifest.json` says in itself whose it is. What nobody can read stays.
    private boolean stale(String key, long collector) {
        long token = CheckpointLayout.token(key).orElse(Long.MAX_VALUE);
        if (token == Long.MAX_VALUE && CheckpointLayout.isManifest(key)) {
            token =
                    inspector
                            .manifest(key)
                            .map(CheckpointManifest::fencingToken)
                            .orElse(Long.MAX_VALUE);
        }
        return token < collector;
    }
}
