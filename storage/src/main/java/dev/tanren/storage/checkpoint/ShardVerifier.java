package dev.tanren.storage.checkpoint;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.Parallel;
import dev.tanren.storage.objects.Sha256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Compares shards with what their manifest says.
final class ShardVerifier {

    private static final long WINDOW = 32L * 1024 * 1024;
    private static final int SHARDS_AT_ONCE = 2;

    private final ObjectStore store;

    ShardVerifier(ObjectStore store) {
        this.store = store;
    }

    /// By what the store keeps beside each object. A shard without a recorded hash (a store that
    /// keeps no user metadata) is read.
    ///
    /// @throws TanrenException `OBJECT_MISSING`, `OBJECT_CORRUPT`
    void requireStored(CheckpointManifest.Shard shard) {
        Optional<StoredObject> found = store.find(shard.key());
        if (found.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.OBJECT_MISSING,
                    "a shard of the checkpoint is not in the store",
                    shard.key(),
                    "Write every shard before the commit.");
        }
        StoredObject object = found.get();
        String problem = sizeProblem(shard, object);
        if (problem.isEmpty()) {
            String hash = object.sha256().isEmpty() ? hash(shard) : object.sha256();
            problem = hash.equals(shard.sha256()) ? "" : "it has the SHA-256 " + hash;
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
    List<String> problems(List<CheckpointManifest.Shard> shards) {
        String[] found = new String[shards.size()];
        List<Runnable> tasks = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            int index = i;
            tasks.add(() -> found[index] = problem(shards.get(index)));
        }
        Parallel.run(SHARDS_AT_ONCE, tasks);
        List<String> problems = new ArrayList<>();
        for (String problem : found) {
            if (!problem.isEmpty()) {
                problems.add(problem);
            }
        }
        return problems;
    }

    private String problem(CheckpointManifest.Shard shard) {
        try {
            Optional<StoredObject> object = store.find(shard.key());
            if (object.isEmpty()) {
                return shard.key() + " is missing";
            }
            String size = sizeProblem(shard, object.get());
            if (!size.isEmpty()) {
                return shard.key() + ": " + size;
            }
            String hash = hash(shard);
            return hash.equals(shard.sha256())
                    ? ""
                    : shard.key() + ": it has the SHA-256 " + hash + ", not " + shard.sha256();
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_MISSING || e.code() == ErrorCode.OBJECT_CORRUPT) {
                return shard.key() + ": " + e.what();
            }
            throw e;
        }
    }

    private String hash(CheckpointManifest.Shard shard) {
        Sha256 digest = new Sha256();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment window = arena.allocate(Math.max(1, Math.min(WINDOW, shard.bytes())));
            for (long at = 0; at < shard.bytes(); at += WINDOW) {
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
