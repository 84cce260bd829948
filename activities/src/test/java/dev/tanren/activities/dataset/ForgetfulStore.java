package dev.tanren.activities.dataset;

import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.testing.StoreAround;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Keeps objects in memory, but forgets those that come as files.
final class ForgetfulStore extends StoreAround {

    final MemoryObjectStore kept;

    ForgetfulStore() {
        this(new MemoryObjectStore());
    }

    private ForgetfulStore(MemoryObjectStore kept) {
        super(kept);
        this.kept = kept;
    }

    @Override
    public StoredObject put(String key, Path file) {
        try {
            return new StoredObject(key, Files.size(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
