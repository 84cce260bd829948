package dev.tanren.trainer.checkpoint;

import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;

/// Weights without an optimizer's state, as the one shard of a checkpoint.
public final class WeightsShard {

    private WeightsShard() {}

    public static CheckpointManifest.Shard write(
            ObjectStore store, String key, ParameterLayout layout, FlatBuffer weights) {
        return new ShardWriter(store)
                .write(
                        key,
                        TrainingState.weightTensors(layout, weights).stream()
                                .map(
                                        tensor ->
                                                new ShardWriter.Slice(
                                                        tensor.name(),
                                                        tensor.shape(),
                                                        tensor.bytes()))
                                .toList());
    }
}
