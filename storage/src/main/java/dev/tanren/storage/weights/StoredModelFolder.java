package dev.tanren.storage.weights;

import dev.tanren.plan.model.ModelFolder;
import dev.tanren.storage.objects.ObjectStore;
import java.util.List;
import java.util.Optional;

/// The files of a model, or of a tokenizer alone, in the object store.
///
/// @param prefix where they lie, ending in `/`; empty for a model that has none
public record StoredModelFolder(ObjectStore store, String prefix) implements ModelFolder {

    /// That of a `tokenizer.json`, which its side files lie beside.
    ///
    /// @param tokenizerKey empty where there is no tokenizer
    public static StoredModelFolder ofTokenizer(ObjectStore store, String tokenizerKey) {
        return new StoredModelFolder(
                store, tokenizerKey.substring(0, tokenizerKey.lastIndexOf('/') + 1));
    }

    /// The bytes of a file; empty where the model has none of that name.
    ///
    /// @throws dev.tanren.plan.error.TanrenException what the store throws
    public Optional<byte[]> find(String name) {
        return has(name) ? Optional.of(read(name)) : Optional.empty();
    }

    @Override
    public boolean has(String name) {
        return !prefix.isEmpty() && store.find(prefix + name).isPresent();
    }

    @Override
    public byte[] read(String name) {
        return store.get(prefix + name);
    }

    @Override
    public List<String> names() {
        return prefix.isEmpty()
                ? List.of()
                : store.list(prefix).stream()
                        .map(object -> object.key().substring(prefix.length()))
                        .toList();
    }

    @Override
    public String where(String name) {
        return prefix + name;
    }
}
