package dev.tanren.storage.tokens.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.TokenDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/// Plans of blocks, each made once: by the first process of a node that needs it, under a lock,
/// unless another node has made it already. They are stored beside the dataset's shards under the
/// hash of what they are made from, and mapped from this node's cache by all its processes.
///
/// A plan is a pure function of the shards, the length and the mode, so one that is damaged or
/// missing is made again; nothing is lost with it.
public final class BlockPlans {

    /// A lock on a file is the process's; this is what keeps its threads apart.
    private static final ReentrantLock THREADS = new ReentrantLock();

    private static final long LOCKED_NANOS = 100_000_000;

    private final ObjectStore store;
    private final String prefix;
    private final Path folder;
    private final Runnable sign;

    /// @param manifestKey of the dataset
    /// @param cache folder shared by all processes of the node
    /// @param sign called whenever a part of a plan is made or waited for
    public BlockPlans(ObjectStore store, String manifestKey, Path cache, Runnable sign) {
        this.store = store;
        this.sign = sign;
        this.prefix = manifestKey.substring(0, manifestKey.lastIndexOf('/')) + TokenDataset.BLOCKS;
        this.folder = cache.resolve("blocks");
    }

    /// What a plan is made from.
    ///
    /// @param shards the documents, in order
    /// @param documentBoundaries of the manifest
    public record Request(
            List<DatasetManifest.Shard> shards, int sequenceLength, boolean documentBoundaries) {

        public Request {
            shards = List.copyOf(shards);
        }

        private String hash() {
            Sha256 hash = new Sha256();
            hash.update("blocks 1 " + sequenceLength + " " + documentBoundaries + "\n");
            shards.forEach(shard -> hash.update(shard.sha256() + "\n"));
            return hash.hex();
        }
    }

    /// The plan, made if it is nowhere.
    ///
    /// @param documents those of the shards; read where the plan has to be made
    /// @throws TanrenException `SCRATCH_FULL`, and what the store throws
    public BlockPlan open(Request request, Documents documents) {
        String hash = request.hash();
        Path file = folder.resolve(hash);
        try {
            Optional<BlockPlan> cached = map(file, hash);
            if (cached.isPresent()) {
                return cached.get();
            }
            Files.createDirectories(folder);
            THREADS.lock();
            try (FileChannel channel =
                            FileChannel.open(
                                    folder.resolve("lock"),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    var _ = lock(channel)) {
                return obtain(file, hash, request, documents);
            } finally {
                THREADS.unlock();
            }
        } catch (IOException | UncheckedIOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "a plan of blocks cannot be kept: " + e,
                    file.toString(),
                    "Free space or name another cache folder in TANREN_WORKER_CACHE.",
                    e);
        }
    }

    /// Waits for the process that makes a plan, and says so.
    private FileLock lock(FileChannel channel) throws IOException {
        for (FileLock lock = channel.tryLock(); ; lock = channel.tryLock()) {
            if (lock != null) {
                return lock;
            }
            sign.run();
            LockSupport.parkNanos(LOCKED_NANOS);
        }
    }

    /// Number of blocks, read from the stored plan where there is one, without its documents.
    public OptionalInt storedCount(Request request) {
        String hash = request.hash();
        Optional<ObjectStore.StoredObject> stored = store.find(prefix + hash);
        if (stored.isEmpty() || stored.get().bytes() < BlockPlan.HEADER_BYTES) {
            return OptionalInt.empty();
        }
        byte[] header = store.get(prefix + hash, 0, BlockPlan.HEADER_BYTES);
        int blocks = BlockPlan.blocksOf(MemorySegment.ofArray(header), hash);
        return blocks < 0 ? OptionalInt.empty() : OptionalInt.of(blocks);
    }

    private BlockPlan obtain(Path file, String hash, Request request, Documents documents)
            throws IOException {
        Optional<BlockPlan> cached = map(file, hash);
        if (cached.isPresent()) {
            return cached.get();
        }
        Path part = folder.resolve(hash + "." + UUID.randomUUID() + ".part");
        try {
            Optional<BlockPlan> fetched = fetch(part, file, hash);
            if (fetched.isPresent()) {
                return fetched.get();
            }
            make(part, hash, request, documents);
            offer(part, hash);
            return kept(part, file, hash)
                    .orElseThrow(() -> new IOException("it is not what was written"));
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /// Lets other nodes have it. One whose keys only read the dataset keeps it to itself.
    private void offer(Path part, String hash) {
        try {
            store.put(prefix + hash, part);
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.STORE_REFUSED) {
                throw e;
            }
        }
    }

    /// Empty where the store has no sound plan.
    private Optional<BlockPlan> fetch(Path part, Path file, String hash) throws IOException {
        if (store.find(prefix + hash).isEmpty()) {
            return Optional.empty();
        }
        try {
            store.download(prefix + hash, part);
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_CORRUPT || e.code() == ErrorCode.OBJECT_MISSING) {
                Files.deleteIfExists(part);
                return Optional.empty();
            }
            throw e;
        }
        Optional<BlockPlan> fetched = kept(part, file, hash);
        Files.deleteIfExists(part);
        return fetched;
    }

    private static Optional<BlockPlan> kept(Path part, Path file, String hash) throws IOException {
        Optional<BlockPlan> plan = map(part, hash);
        if (plan.isPresent()) {
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        return plan;
    }

    private void make(Path part, String hash, Request request, Documents documents)
            throws IOException {
        try (Arena arena = Arena.ofShared();
                MappedScratch scratch = new MappedScratch(folder)) {
            Memory memoryOfPlan =
                    bytes -> {
                        try {
                            return MappedScratch.map(part, bytes, arena);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    };
            Packing.pack(
                            new SigningDocuments(documents, sign),
                            request.sequenceLength(),
                            request.documentBoundaries(),
                            scratch,
                            memoryOfPlan)
                    .seal(hash);
        }
    }

    /// Empty where there is no such file, or it is damaged.
    private static Optional<BlockPlan> map(Path file, String hash) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            return BlockPlan.holds(bytes, hash)
                    ? Optional.of(BlockPlan.of(bytes))
                    : Optional.empty();
        }
    }
}
