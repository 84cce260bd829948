package dev.tanren.storage.prepared;

import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenDataset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks whether what a run trains on lies in the object store whole, by names and lengths. Bytes
/// are not read: whoever uses an object compares its hash.
public final class PreparedObjects {

    private final ObjectStore store;

    public PreparedObjects(ObjectStore store) {
        this.store = store;
    }

    /// What is gone, in words, such as `dataset 'code'`; empty where all is there.
    public List<String> missing(TrainedOn trainedOn) {
        List<String> missing = new ArrayList<>();
        TrainedOn.Model model = trainedOn.model();
        if (model.base() != null && !has(model.base())) {
            missing.add("the base model");
        }
        if (model.tokenizer() != null && !has(model.tokenizer())) {
            missing.add("the tokenizer");
        }
        trainedOn
                .datasets()
                .forEach(
                        (name, data) -> {
                            if (dataset(data.manifestKey()).isEmpty()) {
                                missing.add("dataset '" + name + "'");
                            }
                        });
        return missing;
    }

    public boolean has(TrainedOn.Tokenizer tokenizer) {
        return store.find(tokenizer.key()).isPresent()
                && has(folder(tokenizer.key()), tokenizer.files());
    }

    public boolean has(TrainedOn.Base base) {
        return has(base.prefix(), base.files());
    }

    private boolean has(String prefix, List<TrainedOn.File> files) {
        Map<String, Long> there = lengths(prefix);
        return files.stream()
                .allMatch(
                        file -> Long.valueOf(file.bytes()).equals(there.get(prefix + file.name())));
    }

    private static String folder(String key) {
        return key.substring(0, key.lastIndexOf('/') + 1);
    }

    /// The manifest of a dataset.
    ///
    /// @return empty where it, or a shard that it names, is gone or has another length
    /// @throws dev.tanren.plan.error.TanrenException `TOKEN_SHARD_CORRUPT` where the object is no
    ///     manifest of a version this build knows
    public Optional<DatasetManifest> dataset(String manifestKey) {
        if (store.find(manifestKey).isEmpty()) {
            return Optional.empty();
        }
        DatasetManifest manifest = TokenDataset.manifest(store, manifestKey);
        Map<String, Long> there = lengths(folder(manifestKey));
        boolean whole =
                Stream.concat(manifest.training().stream(), manifest.heldOut().stream())
                        .allMatch(
                                shard ->
                                        Long.valueOf(shard.bytes()).equals(there.get(shard.key())));
        return whole ? Optional.of(manifest) : Optional.empty();
    }

    private Map<String, Long> lengths(String prefix) {
        return store.list(prefix).stream()
                .collect(
                        Collectors.toMap(
                                ObjectStore.StoredObject::key, ObjectStore.StoredObject::bytes));
    }
}
