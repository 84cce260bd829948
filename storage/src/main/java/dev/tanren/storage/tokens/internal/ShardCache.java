package dev.tanren.storage.tokens.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.cache.CacheUse;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.tokens.DatasetManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/// Shards on this node's disk, by the hash of their content, shared by all its processes.
///
/// A file is in place only when it is whole: it is fetched under a name of its own and then moved
/// in one step, so processes that fetch the same shard at once do no harm to each other. A damaged
/// file is replaced in the same way and never removed: another process may have just replaced it.
/// What a process has fetched is kept for it until it ends, see [CacheUse].
public final class ShardCache {

    private final ObjectStore store;
    private final Path folder;
    private final Runnable sign;

    /// @param sign called whenever a shard is there
    public ShardCache(ObjectStore store, Path cache, Runnable sign) {
        this.store = store;
        this.sign = sign;
        this.folder = cache.resolve("tokens");
    }

    /// The file of a shard, fetched if need be, its SHA-256 checked.
    ///
    /// @throws TanrenException `TOKEN_SHARD_CORRUPT` where the stored object is not what the
    ///     manifest says; `SCRATCH_FULL` where the cache cannot be written
    public Path fetch(DatasetManifest.Shard shard) {
        Path file = fetched(shard);
        sign.run();
        return file;
    }

    private Path fetched(DatasetManifest.Shard shard) {
        Path file = folder.resolve(shard.sha256());
        try {
            CacheUse.hold(file);
            if (Files.exists(file) && holds(file, shard)) {
                return file;
            }
            Files.createDirectories(folder);
            Path part = folder.resolve(shard.sha256() + "." + UUID.randomUUID() + ".part");
            try {
                store.download(shard.key(), part);
                if (!holds(part, shard)) {
                    throw new TanrenException(
                            ErrorCode.TOKEN_SHARD_CORRUPT,
                            "the token shard is not the one that its manifest names: expected "
                                    + shard.bytes()
                                    + " bytes with SHA-256 "
                                    + shard.sha256(),
                            shard.key(),
                            "Remove the dataset's objects and run the plan again to prepare it"
                                    + " anew.");
                }
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
            return file;
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "a token shard of " + shard.bytes() + " bytes cannot be kept: " + e,
                    file.toString(),
                    "Free space or name another cache folder in TANREN_WORKER_CACHE.",
                    e);
        }
    }

    private static boolean holds(Path file, DatasetManifest.Shard shard) throws IOException {
        return Files.size(file) == shard.bytes() && Sha256.of(file).equals(shard.sha256());
    }
}
