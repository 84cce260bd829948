package dev.tanren.storage.checkpoint;

import dev.tanren.plan.run.TrainedOn;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// What a committed checkpoint is made of; stored as `manifest.json` beside its shards.
///
/// It maps each global tensor to slices in shards, so any layout of ranks can load it. The file
/// alone is enough to rebuild the registry's row.
///
/// @param version of this format
/// @param step last optimizer step that is in it
/// @param trainedOn what the run was prepared for; who goes on with anything else is refused
/// @param state what is no tensor: data offsets, schedule position, random state
/// @param weightsSha256 hash over all weights and optimizer state, see [StateHash]
/// @param createdAt ISO-8601 instant, for people; nothing is decided by it
public record CheckpointManifest(
        int version,
        String runId,
        String stageId,
        String phaseId,
        long step,
        int attempt,
        long fencingToken,
        List<Shard> shards,
        TrainedOn trainedOn,
        Map<String, String> state,
        String weightsSha256,
        double loss,
        String createdAt) {

    public static final int VERSION = 2;

    public CheckpointManifest {
        shards = List.copyOf(shards);
        Objects.requireNonNull(trainedOn, "trainedOn");
        state = java.util.Collections.unmodifiableMap(new TreeMap<>(state));
    }

    /// @param key object key of the shard, a safetensors file
    /// @param entityTag what the store called the bytes when it had taken them; empty where it
    ///     gives none
    public record Shard(
            String key, long bytes, String sha256, String entityTag, List<Tensor> tensors) {
        public Shard {
            // Manifests from before it was there have none.
            entityTag = Objects.requireNonNullElse(entityTag, "");
            tensors = List.copyOf(tensors);
        }
    }

    /// A slice of a global tensor.
    ///
    /// @param name Hugging Face's name for weights; with `adamw.exp_avg/` or `adamw.exp_avg_sq/`
    ///     before it for optimizer state
    /// @param dtype safetensors' name, such as `F32`
    /// @param shape of the global tensor
    /// @param byteOffset of the slice inside the shard object
    /// @param firstElement index of the slice's first element in the flattened global tensor
    /// @param sha256 of the slice's bytes, hexadecimal
    public record Tensor(
            String name,
            String dtype,
            List<Long> shape,
            long byteOffset,
            long firstElement,
            long elements,
            String sha256) {
        public Tensor {
            shape = List.copyOf(shape);
        }
    }
}
