package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Parallel;
import dev.tanren.storage.objects.Sha256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Loads parts of global F32 tensors from a checkpoint, however either side cuts them.
///
/// Every slice that is touched is read whole and its SHA-256 compared before the call returns; on
/// an error the targets hold no promise. Neighbouring slices come in one request.
public final class CheckpointReader {

    private static final int ELEMENT = 4;
    private static final long BATCH = 16L * 1024 * 1024;
    private static final int BATCHES_AT_ONCE = 4;

    private final ObjectStore store;
    private final Runnable sign;

    public CheckpointReader(ObjectStore store) {
        this(store, () -> {});
    }

    /// @param sign called, by any thread, whenever one request's slices are there
    public CheckpointReader(ObjectStore store, Runnable sign) {
        this.store = store;
        this.sign = sign;
    }

    /// Wanted: the elements of a global tensor from `firstElement` on, as many as fit the target.
    ///
    /// @param target F32, little-endian, open to all threads (a shared or automatic arena)
    public record Target(String name, long firstElement, MemorySegment target) {
        public Target {
            if (target.byteSize() % ELEMENT != 0 || firstElement < 0) {
                throw new IllegalArgumentException(name + " is not a whole number of floats");
            }
        }

        long end() {
            return firstElement + target.byteSize() / ELEMENT;
        }
    }

    private record Wanted(CheckpointManifest.Tensor slice, List<Target> targets) {
        long bytes() {
            return slice.elements() * ELEMENT;
        }
    }

    private record Batch(String key, List<Wanted> slices) {
        long begin() {
            return slices.getFirst().slice().byteOffset();
        }

        long end() {
            return slices.getLast().slice().byteOffset() + slices.getLast().bytes();
        }
    }

    /// @throws TanrenException `MODEL_TENSOR_MISMATCH` where the checkpoint lacks an element that
    ///     is wanted, `OBJECT_CORRUPT` where a slice's bytes have another hash
    public void load(CheckpointManifest manifest, List<Target> targets) {
        requireAll(manifest, targets);
        List<Runnable> tasks = new ArrayList<>();
        for (CheckpointManifest.Shard shard : manifest.shards()) {
            batches(shard, targets)
                    .forEach(
                            batch ->
                                    tasks.add(
                                            () -> {
                                                load(batch);
                                                sign.run();
                                            }));
        }
        Parallel.run(BATCHES_AT_ONCE, tasks);
    }

    private static void requireAll(CheckpointManifest manifest, List<Target> targets) {
        for (Target target : targets) {
            long covered = target.firstElement();
            List<CheckpointManifest.Tensor> slices =
                    manifest.shards().stream()
                            .flatMap(shard -> shard.tensors().stream())
                            .filter(slice -> slice.name().equals(target.name()))
                            .sorted(
                                    Comparator.comparingLong(
                                            CheckpointManifest.Tensor::firstElement))
                            .toList();
            for (CheckpointManifest.Tensor slice : slices) {
                if (!slice.dtype().equals("F32")) {
                    throw mismatch(target, "is " + slice.dtype() + ", not F32");
                }
                if (slice.firstElement() <= covered) {
                    covered = Math.max(covered, slice.firstElement() + slice.elements());
                }
            }
            if (covered < target.end()) {
                throw mismatch(
                        target,
                        "has no element " + covered + " of the wanted ones up to " + target.end());
            }
        }
    }

    private static List<Batch> batches(CheckpointManifest.Shard shard, List<Target> targets) {
        List<CheckpointManifest.Tensor> ordered = new ArrayList<>(shard.tensors());
        ordered.sort(Comparator.comparingLong(CheckpointManifest.Tensor::byteOffset));
        List<Batch> batches = new ArrayList<>();
        List<Wanted> open = new ArrayList<>();
        for (CheckpointManifest.Tensor slice : ordered) {
            List<Target> touching =
                    targets.stream().filter(target -> touches(slice, target)).toList();
            if (touching.isEmpty()) {
                continue;
            }
            Wanted wanted = new Wanted(slice, touching);
            if (!open.isEmpty() && !fits(new Batch(shard.key(), open), wanted)) {
                batches.add(new Batch(shard.key(), List.copyOf(open)));
                open.clear();
            }
            open.add(wanted);
        }
        if (!open.isEmpty()) {
            batches.add(new Batch(shard.key(), List.copyOf(open)));
        }
        return batches;
    }

    private static boolean fits(Batch batch, Wanted next) {
        return next.slice().byteOffset() == batch.end()
                && next.slice().byteOffset() + next.bytes() - batch.begin() <= BATCH;
    }

    private static boolean touches(CheckpointManifest.Tensor slice, Target target) {
        return slice.name().equals(target.name())
                && slice.firstElement() < target.end()
                && target.firstElement() < slice.firstElement() + slice.elements();
    }

    private void load(Batch batch) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment window =
                    arena.allocate(Math.max(1, Math.min(BATCH, batch.end() - batch.begin())));
            if (batch.slices().size() > 1) {
                MemorySegment all = window.asSlice(0, batch.end() - batch.begin());
                store.read(batch.key(), batch.begin(), all);
                for (Wanted wanted : batch.slices()) {
                    long at = wanted.slice().byteOffset() - batch.begin();
                    MemorySegment bytes = all.asSlice(at, wanted.bytes());
                    requireHash(batch.key(), wanted, new Sha256().update(bytes).hex());
                    scatter(wanted, 0, bytes);
                }
                return;
            }
            loadAlone(batch.key(), batch.slices().getFirst(), window);
        }
    }

    private void loadAlone(String key, Wanted wanted, MemorySegment window) {
        Sha256 digest = new Sha256();
        for (long at = 0; at < wanted.bytes(); at += BATCH) {
            MemorySegment part = window.asSlice(0, Math.min(BATCH, wanted.bytes() - at));
            store.read(key, wanted.slice().byteOffset() + at, part);
            digest.update(part);
            scatter(wanted, at, part);
        }
        requireHash(key, wanted, digest.hex());
    }

    /// Copies what lies `offset` bytes into the slice to every target that wants some of it.
    private static void scatter(Wanted wanted, long offset, MemorySegment part) {
        long begin = wanted.slice().firstElement() * ELEMENT + offset;
        long end = begin + part.byteSize();
        for (Target target : wanted.targets()) {
            long targetBegin = target.firstElement() * ELEMENT;
            long from = Math.max(begin, targetBegin);
            long to = Math.min(end, target.end() * ELEMENT);
            if (from < to) {
                MemorySegment.copy(
                        part, from - begin, target.target(), from - targetBegin, to - from);
            }
        }
    }

    private static void requireHash(String key, Wanted wanted, String found) {
        CheckpointManifest.Tensor slice = wanted.slice();
        if (!found.equals(slice.sha256())) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "tensor `"
                            + slice.name()
                            + "` has the SHA-256 "
                            + found
                            + ", not "
                            + slice.sha256(),
                    key,
                    "Verify the checkpoint and go back to the one before it.");
        }
    }

    private static TanrenException mismatch(Target target, String what) {
        return new TanrenException(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                "tensor `" + target.name() + "` " + what,
                "checkpoint",
                "Load it into the model that wrote it.");
    }
}
