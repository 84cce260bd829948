package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.Parallel;
import dev.tanren.storage.objects.Sha256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/// Compares shards with what their manifest says.
final class ShardVerifier {

    private static final long WINDOW = 32L * 1024 * 1024;
    private static final int SHARDS_AT_ONCE = 2;

    private final ObjectStore store;

    ShardVerifier(ObjectStore store) {
        this.store = store;
    }

    /// By size and entity tag, which the store gave when it had checked what it received and which
    /// changes with the bytes. A shard of a store without such tags is read.
    ///
    /// @throws TanrenException `OBJECT_MISSING`, `OBJECT_CORRUPT`
    void requireStored(CheckpointManifest.Shard shard) {
        StoredObject object =
                store.find(shard.key())
                        .orElseThrow(
                                () ->
                                        new TanrenException(
                                                ErrorCode.OBJECT_MISSING,
                                                "a shard of the checkpoint is not in the store",
                                                shard.key(),
                                                "Write every shard before the commit."));
        String problem = outerProblem(shard, object);
        if (problem.isEmpty() && shard.entityTag().isEmpty()) {
            problem = hashProblem(shard, StopSignal.NEVER);
        }
        if (!problem.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "a shard is not what the manifest says: " + problem,
                    shard.key(),
                    "Save the checkpoint again.");
        }
    }

    /// By reading every byte. An unreachable store is an error and no problem of a shard.
    ///
    /// @param stop asked between the pieces that are read
    List<String> problems(List<CheckpointManifest.Shard> shards, StopSignal stop) {
        return problems(
                shards,
                (shard, object) -> {
                    String size = sizeProblem(shard, object);
                    return size.isEmpty() ? hashProblem(shard, stop) : size;
                });
    }

    /// By what the store keeps beside each object, without reading it.
    List<String> outerProblems(List<CheckpointManifest.Shard> shards) {
        return problems(shards, ShardVerifier::outerProblem);
    }

    private List<String> problems(
            List<CheckpointManifest.Shard> shards,
            BiFunction<CheckpointManifest.Shard, StoredObject, String> check) {
        String[] found = new String[shards.size()];
        List<Runnable> tasks = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            int index = i;
            tasks.add(() -> found[index] = problem(shards.get(index), check));
        }
        Parallel.run(SHARDS_AT_ONCE, tasks);
        return Arrays.stream(found).filter(problem -> !problem.isEmpty()).toList();
    }

    private String problem(
            CheckpointManifest.Shard shard,
            BiFunction<CheckpointManifest.Shard, StoredObject, String> check) {
        try {
            Optional<StoredObject> object = store.find(shard.key());
            if (object.isEmpty()) {
                return shard.key() + " is missing";
            }
            String found = check.apply(shard, object.get());
            return found.isEmpty() ? "" : shard.key() + ": " + found;
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_MISSING || e.code() == ErrorCode.OBJECT_CORRUPT) {
                return shard.key() + ": " + e.what();
            }
            throw e;
        }
    }

    private static String outerProblem(CheckpointManifest.Shard shard, StoredObject object) {
        String size = sizeProblem(shard, object);
        boolean same = object.entityTag().equals(shard.entityTag()) || shard.entityTag().isEmpty();
        return !size.isEmpty() || same
                ? size
                : "it has the entity tag " + object.entityTag() + ", not " + shard.entityTag();
    }

    private String hashProblem(CheckpointManifest.Shard shard, StopSignal stop) {
        String hash = hash(shard, stop);
        return hash.equals(shard.sha256())
                ? ""
                : "it has the SHA-256 " + hash + ", not " + shard.sha256();
    }

    private String hash(CheckpointManifest.Shard shard, StopSignal stop) {
        Sha256 digest = new Sha256();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment window = arena.allocate(Math.max(1, Math.min(WINDOW, shard.bytes())));
            for (long at = 0; at < shard.bytes(); at += WINDOW) {
                stop.check();
                MemorySegment part = window.asSlice(0, Math.min(WINDOW, shard.bytes() - at));
                store.read(shard.key(), at, part);
                digest.update(part);
            }
        }
        return digest.hex();
    }

    private static String sizeProblem(CheckpointManifest.Shard shard, StoredObject object) {
        return object.bytes() == shard.bytes()
                ? ""
                : "it has " + object.bytes() + " bytes, not " + shard.bytes();
    }
}
