package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.Sha256;
import java.util.Comparator;
import java.util.List;

/// One hash over all weights and optimizer state that does not depend on how they lie in shards, as
/// long as each tensor lies in one piece.
///
/// It is the SHA-256 over the lines `name dtype shape sha256` of all tensors in the order of their
/// names.
public final class StateHash {

    private StateHash() {}

    public static String of(List<CheckpointManifest.Shard> shards) {
        Sha256 digest = new Sha256();
        shards.stream()
                .flatMap(shard -> shard.tensors().stream())
                .sorted(
                        Comparator.comparing(CheckpointManifest.Tensor::name)
                                .thenComparingLong(CheckpointManifest.Tensor::firstElement))
                .map(
                        tensor ->
                                tensor.name()
                                        + " "
                                        + tensor.dtype()
                                        + " "
                                        + tensor.shape()
                                        + " "
                                        + tensor.firstElement()
                                        + " "
                                        + tensor.sha256()
                                        + "\n")
                .forEach(digest::update);
        return digest.hex();
    }
}
