package dev.tanren.trainer.export;

import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The imported files of the model that training began from.
///
/// @param prefix where they lie in the store, ending in `/`; null for fresh weights, which have
///     none
record BaseFiles(ObjectStore store, @Nullable String prefix) {

    /// The bytes of a file; empty where the model has none of that name.
    ///
    /// @throws TanrenException what the store throws
    Optional<byte[]> find(String name) {
        if (prefix == null) {
            return Optional.empty();
        }
        return store.find(prefix + name).map(object -> store.get(object.key()));
    }

    /// What errors call a file that [#find] has found.
    String where(String name) {
        return prefix + name;
    }
}
