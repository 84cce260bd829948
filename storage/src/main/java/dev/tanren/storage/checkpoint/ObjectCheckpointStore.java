package dev.tanren.storage.checkpoint;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import dev.tanren.storage.registry.Events;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Checkpoints in the object store, decided by the registry.
///
/// A commit: (1) the row is prepared, which a stale attempt cannot; (2) every shard is there, by
/// size and hash; (3) the manifest is put under a key that holds the attempt's fencing token, where
/// none is, and its copy at `manifest.json`; (4) the row, which names the former, is committed
/// under the same token, which a stale attempt cannot.
///
/// What a crash leaves: up to 3, a prepared row that no reader sees and objects that no row names;
/// the next attempt takes the row over and its objects have other keys. After 4, all is done; the
/// same commit again changes nothing.
///
/// The key with the token makes this hold whatever the store does: S3Proxy decides `If-None-Match`
/// before it writes, so of racing writers several may win, and a request of an attempt that is cut
/// off may arrive at any time. Neither can touch what a row names. `manifest.json` is for people
/// and for stores without a registry; readers go by the row. With the registry lost, [#rebuild]
/// takes of each step the manifest with the highest fencing token.
public final class ObjectCheckpointStore implements CheckpointStore {

    private final ObjectStore store;
    private final Checkpoints registry;
    private final Events events;
    private final ShardVerifier verifier;
    private final CheckpointCollector collector;

    public ObjectCheckpointStore(ObjectStore store, Checkpoints registry, Events events) {
        this.store = store;
        this.registry = registry;
        this.events = events;
        this.verifier = new ShardVerifier(store);
        this.collector = new CheckpointCollector(store, registry);
    }

    @Override
    public Committed commit(CheckpointManifest manifest) {
        String key = CheckpointLayout.committedKey(manifest);
        Manifests.requireHash(key, manifest);
        requireOwnShards(manifest);
        if (!registry.prepare(Manifests.row(manifest, key))) {
            return committedAlready(manifest);
        }
        manifest.shards().forEach(verifier::requireStored);
        Committed published = publish(manifest, key);
        registry.commit(
                manifest.runId(), manifest.stageId(), manifest.step(), manifest.fencingToken());
        events.append(
                manifest.runId(),
                "checkpoint.committed",
                manifest.stageId(),
                "checkpoint of step " + manifest.step(),
                Map.of(
                        "step", manifest.step(),
                        "attempt", manifest.attempt(),
                        "manifest", key,
                        "weightsSha256", manifest.weightsSha256()),
                eventKey("checkpoint.committed", manifest));
        return published;
    }

    private Committed publish(CheckpointManifest manifest, String key) {
        CheckpointManifest own = manifest;
        if (!store.putIfAbsent(key, Manifests.bytes(manifest))) {
            own = read(key);
            if (!Manifests.sameSave(own, manifest)) {
                throw new TanrenException(
                        ErrorCode.OBJECT_EXISTS,
                        "this attempt has published another checkpoint of the same step",
                        key,
                        "An attempt saves a step once; begin a new attempt.");
            }
        }
        String copy =
                CheckpointLayout.manifestKey(manifest.runId(), manifest.stageId(), manifest.step());
        byte[] bytes = Manifests.bytes(own);
        if (!store.putIfAbsent(copy, bytes) && !readable(copy).filter(own::equals).isPresent()) {
            // An attempt that was never committed left it, or one that was quarantined.
            store.put(copy, bytes);
        }
        return new Committed(key, own);
    }

    private Optional<CheckpointManifest> readable(String key) {
        try {
            return Optional.of(read(key));
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_CORRUPT || e.code() == ErrorCode.OBJECT_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private Committed committedAlready(CheckpointManifest manifest) {
        Row row =
                registry.find(manifest.runId(), manifest.stageId(), manifest.step())
                        .orElseThrow(
                                () ->
                                        new TanrenException(
                                                ErrorCode.OBJECT_MISSING,
                                                "the committed checkpoint was removed meanwhile",
                                                "run/" + manifest.runId() + "/" + manifest.step(),
                                                "Commit it again."));
        return new Committed(row.manifestKey(), read(row.manifestKey()));
    }

    /// A shard of another attempt could be collected while this one names it.
    private static void requireOwnShards(CheckpointManifest manifest) {
        for (CheckpointManifest.Shard shard : manifest.shards()) {
            long token = CheckpointLayout.token(shard.key()).orElse(-1);
            String prefix =
                    CheckpointLayout.stepPrefix(
                            manifest.runId(), manifest.stageId(), manifest.step());
            if (token != manifest.fencingToken() || !shard.key().startsWith(prefix)) {
                throw new IllegalArgumentException(
                        "shard key is not one of CheckpointLayout.shardKey for this attempt: "
                                + shard.key());
            }
        }
    }

    /// @throws TanrenException `CHECKPOINT_NONE_VALID` when the stage has checkpoints but none that
    ///     verifies: to begin from nothing must be somebody's decision
    @Override
    public Optional<Committed> latestValid(String runId, String stageId) {
        for (Row row : registry.list(runId, stageId)) {
            Optional<Committed> valid = validated(row);
            if (valid.isPresent()) {
                registry.verified(runId, stageId, row.step());
                return valid;
            }
        }
        if (registry.list(runId).stream().anyMatch(row -> row.stageId().equals(stageId))) {
            throw new TanrenException(
                    ErrorCode.CHECKPOINT_NONE_VALID,
                    "the stage has checkpoints, but none of them verifies",
                    "run/" + runId + "/" + stageId,
                    "Restore the objects, or fork the run to begin the stage anew.");
        }
        return Optional.empty();
    }

    private Optional<Committed> validated(Row row) {
        List<String> problems;
        try {
            CheckpointManifest manifest = read(row.manifestKey());
            problems = new ArrayList<>(mismatch(row, manifest));
            if (problems.isEmpty()) {
                problems.addAll(verify(manifest));
            }
            if (problems.isEmpty()) {
                return Optional.of(new Committed(row.manifestKey(), manifest));
            }
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.OBJECT_CORRUPT && e.code() != ErrorCode.OBJECT_MISSING) {
                throw e;
            }
            problems = List.of(e.what());
        }
        quarantine(row, String.join("; ", problems));
        return Optional.empty();
    }

    private static List<String> mismatch(Row row, CheckpointManifest manifest) {
        boolean same =
                manifest.fencingToken() == row.fencingToken()
                        && manifest.step() == row.step()
                        && manifest.weightsSha256().equals(row.weightsSha256());
        return same ? List.of() : List.of("the manifest is not the one that was committed");
    }

    private void quarantine(Row row, String reason) {
        registry.quarantine(row.runId(), row.stageId(), row.step(), reason);
        events.append(
                row.runId(),
                "checkpoint.quarantined",
                row.stageId(),
                "checkpoint of step " + row.step() + " does not verify: " + reason,
                Map.of("step", row.step(), "manifest", row.manifestKey(), "reason", reason),
                "checkpoint.quarantined/"
                        + row.stageId()
                        + "/"
                        + row.step()
                        + "/"
                        + row.fencingToken());
    }

    @Override
    public CheckpointManifest read(String manifestKey) {
        return Manifests.parse(manifestKey, store.get(manifestKey));
    }

    @Override
    public List<String> verify(CheckpointManifest manifest) {
        return verifier.problems(manifest.shards());
    }

    @Override
    public void collect(String runId, String stageId, int keep) {
        collector.collect(runId, stageId, keep);
    }

    /// Puts rows back that the registry has lost, from the manifests alone. Of several manifests of
    /// one step the one with the highest fencing token counts; one whose shards are not all there
    /// is passed over. Idempotent.
    ///
    /// @return how many checkpoints the run has manifests of
    public int rebuild(String runId) {
        Map<String, Committed> newest = new java.util.TreeMap<>();
        for (ObjectStore.StoredObject object : store.list("runs/" + runId + "/")) {
            String key = object.key();
            if (CheckpointLayout.isManifest(key) && CheckpointLayout.step(key).isPresent()) {
                readable(key)
                        .filter(this::complete)
                        .ifPresent(
                                manifest ->
                                        newest.merge(
                                                key.substring(0, key.lastIndexOf('/')),
                                                new Committed(key, manifest),
                                                ObjectCheckpointStore::newer));
            }
        }
        newest.values()
                .forEach(
                        found ->
                                registry.restore(
                                        Manifests.row(found.manifest(), found.manifestKey())));
        return newest.size();
    }

    private boolean complete(CheckpointManifest manifest) {
        return manifest.shards().stream()
                .allMatch(
                        shard ->
                                store.find(shard.key())
                                        .filter(found -> found.bytes() == shard.bytes())
                                        .isPresent());
    }

    private static Committed newer(Committed one, Committed other) {
        long first = one.manifest().fencingToken();
        long second = other.manifest().fencingToken();
        // Of a manifest and its copy, the one whose key can hold no other.
        boolean copy = CheckpointLayout.token(one.manifestKey()).isEmpty();
        return first > second || (first == second && !copy) ? one : other;
    }

    private static String eventKey(String type, CheckpointManifest manifest) {
        return type
                + "/"
                + manifest.stageId()
                + "/"
                + manifest.step()
                + "/"
                + manifest.fencingToken();
    }
}
