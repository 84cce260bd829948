package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.checkpoint.CheckpointManifest.Shard;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.NewestCheckpoint.Verdict;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Compares committed checkpoints with what the registry says of them.
final class CheckpointInspector {

    /// A checkpoint up to this size is read whole also where nothing is recorded.
    private static final long QUICKLY_READ = 64L * 1024 * 1024;

    private final ObjectStore store;
    private final Checkpoints registry;
    private final ShardVerifier verifier;

    CheckpointInspector(ObjectStore store, Checkpoints registry) {
        this.store = store;
        this.registry = registry;
        this.verifier = new ShardVerifier(store);
    }

    /// Reads every byte, and records what was found: one that does not hold is quarantined, one
    /// that holds is verified, which lifts a quarantine.
    ///
    /// @param actor who has it looked at, for the audit
    Verdict inspect(Row row, Actor actor, StopSignal stop) {
        Verdict found = compared(row, shards -> verifier.problems(shards, stop));
        return switch (found) {
            case Verdict.Sound sound -> {
                registry.verified(row, actor);
                yield sound;
            }
            case Verdict.Damaged damaged ->
                    registry.quarantine(row, damaged.reason(), actor)
                            ? damaged
                            : new Verdict.Gone();
            case Verdict.Gone gone -> gone;
        };
    }

    /// Says what [#inspect] would find and records nothing. Of a large checkpoint the manifest is
    /// read, and of its shards the sizes and entity tags are compared, not their bytes; so damage
    /// that the store itself does not know of is not found there.
    Verdict preview(Row row) {
        return compared(
                row,
                shards ->
                        bytes(shards) <= QUICKLY_READ
                                ? verifier.problems(shards, StopSignal.NEVER)
                                : verifier.outerProblems(shards));
    }

    private static long bytes(List<Shard> shards) {
        return shards.stream().mapToLong(Shard::bytes).sum();
    }

    private Verdict compared(Row row, Function<List<Shard>, List<String>> check) {
        try {
            CheckpointManifest manifest =
                    Manifests.parse(row.manifestKey(), store.get(row.manifestKey()));
            if (!isOf(row, manifest)) {
                return new Verdict.Damaged("the manifest is not the one that was committed");
            }
            List<String> problems = check.apply(manifest.shards());
            return problems.isEmpty()
                    ? new Verdict.Sound(new Committed(row.manifestKey(), manifest))
                    : new Verdict.Damaged(String.join("; ", problems));
        } catch (TanrenException e) {
            if (unreadable(e)) {
                return new Verdict.Damaged(e.what());
            }
            throw e;
        }
    }

    private static boolean isOf(Row row, CheckpointManifest manifest) {
        return manifest.fencingToken() == row.fencingToken()
                && manifest.step() == row.step()
                && manifest.weightsSha256().equals(row.weightsSha256());
    }

    /// The manifest under a key; empty where there is none, or none that can be read.
    Optional<CheckpointManifest> manifest(String key) {
        try {
            return Optional.of(Manifests.parse(key, store.get(key)));
        } catch (TanrenException e) {
            if (unreadable(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Whether the object is what is wrong, and not the store or the way to it.
    static boolean unreadable(TanrenException e) {
        return e.code() == ErrorCode.OBJECT_CORRUPT || e.code() == ErrorCode.OBJECT_MISSING;
    }
}
