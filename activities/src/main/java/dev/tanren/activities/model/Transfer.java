package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceContent.LocalFile;
import dev.tanren.activities.source.SourceContent.RemoteFile;
import dev.tanren.activities.source.SourceContent.StoredFile;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/// Puts files of sources into the object store.
final class Transfer {

    private final ObjectStore store;
    private final Path scratch;

    /// @param scratch where a file of elsewhere lies before it is stored
    Transfer(ObjectStore store, Path scratch) {
        this.store = store;
        this.scratch = scratch;
    }

    /// @param inspection looks into the file's bytes, which are mapped, before they are stored;
    ///     what it throws keeps the file out
    /// @return what was stored, with the hash of what was read
    /// @throws TanrenException `SOURCE_UNREADABLE`, `SCRATCH_FULL` and what the store throws
    ObjectStore.StoredObject put(
            String key,
            SourceContent content,
            Consumer<MemorySegment> inspection,
            Progress progress) {
        return switch (content) {
            case LocalFile file -> {
                try (FileChannel channel = file.place().open()) {
                    yield put(key, channel, inspection);
                } catch (IOException e) {
                    throw file.unreadable(e);
                }
            }
            case StoredFile object -> throughScratch(key, object, inspection, progress);
            case RemoteFile file -> throughScratch(key, file, inspection, progress);
        };
    }

    /// The file that was looked into is the one that is stored, whatever becomes of its name.
    ///
    /// Its bytes are those that it has when each is read: whoever writes to the very file between
    /// the inspection and the end of the upload changes what is stored, and one who cuts it short
    /// makes the reading fail. The hash that is returned is of the bytes that were stored.
    private ObjectStore.StoredObject put(
            String key, FileChannel channel, Consumer<MemorySegment> inspection)
            throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment bytes =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            inspection.accept(bytes);
            return store.put(key, bytes);
        }
    }

    private ObjectStore.StoredObject throughScratch(
            String key,
            SourceContent content,
            Consumer<MemorySegment> inspection,
            Progress progress) {
        Path file = null;
        try {
            Files.createDirectories(scratch);
            file = Files.createTempFile(scratch, "model-", ".part");
            // The stream throws coded errors of its own: an IOException is this disk's.
            try (InputStream in = content.open();
                    OutputStream out = Files.newOutputStream(file)) {
                copy(in, out, progress);
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return put(key, channel, inspection);
            }
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    content.where() + " of " + content.bytes() + " bytes cannot be kept: " + e,
                    scratch.toString(),
                    "Free space there, or name another folder in TANREN_WORKER_SCRATCH.",
                    e);
        } finally {
            remove(file);
        }
    }

    /// Says how far it is, because saying so is also how a cancelled import ends early.
    private static void copy(InputStream in, OutputStream out, Progress progress)
            throws IOException {
        byte[] buffer = new byte[1 << 18];
        long done = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            out.write(buffer, 0, read);
            if ((done >> 26) < ((done + read) >> 26)) {
                progress.at("fetching", done + read);
            }
            done += read;
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
