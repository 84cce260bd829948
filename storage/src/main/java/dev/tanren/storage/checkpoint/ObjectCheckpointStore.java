package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.checkpoint.NewestCheckpoint.Verdict;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.registry.Registry;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Checkpoints in the object store, decided by the registry.
///
/// A commit: (1) the row is prepared, which a stale attempt cannot; (2) every shard is there, by
/// size and entity tag; (3) the manifest is put under a key that holds the attempt's fencing token,
/// where none is; (4) the row, which names it, is committed under the same token, which a stale
/// attempt cannot; (5) the copy at `manifest.json` is put right by that row.
///
/// What a crash leaves: up to 3, a prepared row that no reader sees and objects that no row names;
/// the next attempt takes the row over and its objects have other keys. After 4, all is done but
/// the copy, which the next collection puts right; the same commit again changes nothing.
///
/// The key with the token makes this hold whatever the store does: S3Proxy decides `If-None-Match`
/// before it writes, so of racing writers several may win, and a request of an attempt that is cut
/// off may arrive at any time. Neither can touch what a row names. `manifest.json` is for people
/// and for stores without a registry; readers go by the row. With the registry lost,
/// [RegistryRebuild] takes of each step the manifest with the highest fencing token.
public final class ObjectCheckpointStore implements CheckpointStore {

    /// Who looks for the checkpoint that an attempt begins with.
    private static final Actor WORKER = Actor.program("worker");

    private final ObjectStore store;
    private final Attempts attempts;
    private final Checkpoints registry;
    private final Events events;
    private final ShardVerifier verifier;
    private final CheckpointInspector inspector;
    private final CommittedCopy copies;
    private final CheckpointCollector collector;

    public ObjectCheckpointStore(ObjectStore store, Registry registry) {
        this.store = store;
        this.attempts = registry.attempts();
        this.registry = registry.checkpoints();
        this.events = registry.events();
        this.verifier = new ShardVerifier(store);
        this.inspector = new CheckpointInspector(store, this.registry);
        this.copies = new CommittedCopy(store, this.registry, inspector);
        this.collector = new CheckpointCollector(store, attempts, this.registry, inspector, copies);
    }

    /// A newer attempt collects what a stale one stored, so that to the latter its own shards may
    /// seem lost.
    @Override
    public Committed commit(CheckpointManifest manifest) {
        try {
            return commitNow(manifest);
        } catch (TanrenException e) {
            boolean stale =
                    CheckpointInspector.unreadable(e)
                            && !attempts.current(
                                    manifest.runId(), manifest.stageId(), manifest.fencingToken());
            throw stale ? stale(manifest, e) : e;
        }
    }

    private static TanrenException stale(CheckpointManifest manifest, TanrenException cause) {
        return new TanrenException(
                ErrorCode.CHECKPOINT_STALE_ATTEMPT,
                "a newer attempt has begun and collected what this one stored",
                CheckpointLayout.committedKey(manifest),
                "stop this attempt: a newer one goes on from the last committed checkpoint",
                cause);
    }

    private Committed commitNow(CheckpointManifest manifest) {
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
        recordCommit(manifest, key);
        registry.find(manifest.runId(), manifest.stageId(), manifest.step())
                .ifPresent(copies::putRight);
        return published;
    }

    private void recordCommit(CheckpointManifest manifest, String key) {
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
        return new Committed(key, own);
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
        if (row.fencingToken() == manifest.fencingToken()) {
            // The call before this one may have broken off behind its commit.
            recordCommit(manifest, row.manifestKey());
            copies.putRight(row);
        }
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

    @Override
    public Optional<Committed> latestValid(String runId, String stageId, StopSignal stop) {
        return new NewestCheckpoint(registry, row -> inspector.inspect(row, WORKER, stop))
                .of(runId, stageId);
    }

    @Override
    public Optional<Committed> preview(String runId, String stageId) {
        return new NewestCheckpoint(registry, inspector::preview).of(runId, stageId);
    }

    @Override
    public Optional<String> inspect(Row checkpoint, Actor actor) {
        return switch (inspector.inspect(checkpoint, actor, StopSignal.NEVER)) {
            case Verdict.Sound _ -> Optional.empty();
            case Verdict.Damaged damaged -> Optional.of(damaged.reason());
            case Verdict.Gone _ -> Optional.of("it was removed meanwhile");
        };
    }

    @Override
    public CheckpointManifest read(String manifestKey) {
        return Manifests.parse(manifestKey, store.get(manifestKey));
    }

    @Override
    public List<String> verify(CheckpointManifest manifest) {
        return verifier.problems(manifest.shards(), StopSignal.NEVER);
    }

    @Override
    public Collected collect(String runId, String stageId, int keep, long token) {
        return collector.collect(runId, stageId, keep, token);
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
