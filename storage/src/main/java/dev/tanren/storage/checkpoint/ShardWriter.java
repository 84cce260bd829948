package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Parallel;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Writes a rank's tensors as one shard: a safetensors object in the store.
///
/// Nothing is copied; the memory is read three times, for the hash of the object, for those of its
/// tensors and to send it. It must not change meanwhile. Safe for use by many threads.
public final class ShardWriter {

    private final ObjectStore store;

    public ShardWriter(ObjectStore store) {
        this.store = store;
    }

    /// A slice of a global F32 tensor, as it lies in memory.
    ///
    /// @param name global name, see [CheckpointManifest.Tensor]
    /// @param shape of the global tensor
    /// @param firstElement index of the slice's first element in the flattened global tensor
    /// @param bytes the slice: little-endian, a multiple of 4 bytes
    public record Slice(String name, List<Long> shape, long firstElement, MemorySegment bytes) {
        public Slice {
            shape = List.copyOf(shape);
            if (bytes.byteSize() % Dtype.F32.bytes() != 0) {
                throw new IllegalArgumentException(name + " is not a whole number of floats");
            }
            long end = Math.addExact(firstElement, bytes.byteSize() / Dtype.F32.bytes());
            if (firstElement < 0 || end > new TensorInfo(name, Dtype.F32, shape).elements()) {
                throw new IllegalArgumentException(
                        name + " " + shape + " has no elements " + firstElement + " to " + end);
            }
        }

        /// The whole tensor.
        public Slice(String name, List<Long> shape, MemorySegment bytes) {
            this(name, shape, 0, bytes);
        }

        long elements() {
            return bytes.byteSize() / Dtype.F32.bytes();
        }

        boolean whole() {
            return elements() == new TensorInfo(name, Dtype.F32, shape).elements();
        }

        /// A part of a tensor says in its name where it begins, so that a shard may hold several.
        TensorInfo info() {
            return whole()
                    ? new TensorInfo(name, Dtype.F32, shape)
                    : new TensorInfo(name + "@" + firstElement, Dtype.F32, List.of(elements()));
        }
    }

    /// @param key see [CheckpointLayout#shardKey]
    public CheckpointManifest.Shard write(String key, List<Slice> slices) {
        Map<String, Slice> named = new LinkedHashMap<>();
        slices.forEach(slice -> named.put(slice.info().name(), slice));
        SafetensorsWriter plan =
                SafetensorsWriter.plan(
                        slices.stream().map(Slice::info).toList(), Map.of("format", "tanren"));
        List<MemorySegment> pieces = plan.pieces(name -> slice(named, name).bytes());
        // The object's hash on one thread, those of its tensors on another: each is a chain that
        // cannot be divided.
        Sha256 whole = new Sha256();
        List<CheckpointManifest.Tensor> tensors = new ArrayList<>();
        Parallel.run(
                2,
                List.of(
                        () -> pieces.forEach(whole::update),
                        () -> tensors.addAll(described(plan, named))));
        ObjectStore.StoredObject stored = store.put(key, pieces, whole.hex());
        return new CheckpointManifest.Shard(
                key, stored.bytes(), stored.sha256(), stored.entityTag(), tensors);
    }

    /// What the manifest says of each tensor.
    private static List<CheckpointManifest.Tensor> described(
            SafetensorsWriter plan, Map<String, Slice> named) {
        return plan.tensors().stream()
                .map(placed -> described(placed, slice(named, placed.info().name())))
                .toList();
    }

    private static CheckpointManifest.Tensor described(
            SafetensorsWriter.Placed placed, Slice slice) {
        return new CheckpointManifest.Tensor(
                slice.name(),
                Dtype.F32.name(),
                slice.shape(),
                placed.byteOffset(),
                slice.firstElement(),
                slice.elements(),
                Sha256.of(slice.bytes()));
    }

    private static Slice slice(Map<String, Slice> named, String name) {
        return Objects.requireNonNull(named.get(name), name);
    }
}
