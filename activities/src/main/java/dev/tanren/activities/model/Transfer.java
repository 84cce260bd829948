package dev.tanren.activities.model;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceContent.LocalFile;
import dev.tanren.activities.source.SourceContent.StoredFile;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Puts files of sources into the object store.
final class Transfer {

    private final ObjectStore store;
    private final Path scratch;

    /// @param scratch where an object lies between one bucket and the other
    Transfer(ObjectStore store, Path scratch) {
        this.store = store;
        this.scratch = scratch;
    }

    /// @return what was stored, with the hash of what was read
    /// @throws TanrenException `SOURCE_UNREADABLE`, `SCRATCH_FULL` and what the store throws
    ObjectStore.StoredObject put(String key, SourceContent content) {
        return switch (content) {
            case LocalFile file -> store.put(key, file.path());
            case StoredFile object -> throughScratch(key, object);
        };
    }

    private ObjectStore.StoredObject throughScratch(String key, StoredFile object) {
        Path file = null;
        try {
            Files.createDirectories(scratch);
            file = Files.createTempFile(scratch, "model-", ".part");
            // The stream throws coded errors of its own: an IOException is this disk's.
            try (InputStream in = object.open()) {
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            }
            return store.put(key, file);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    object.where() + " of " + object.bytes() + " bytes cannot be kept: " + e,
                    scratch.toString(),
                    "Free space there, or name another folder in TANREN_WORKER_SCRATCH.",
                    e);
        } finally {
            remove(file);
        }
    }

    private static void remove(@org.jspecify.annotations.Nullable Path file) {
        if (file == null) {
            return;
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            System.getLogger(Transfer.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot remove " + file, e);
        }
    }
}
