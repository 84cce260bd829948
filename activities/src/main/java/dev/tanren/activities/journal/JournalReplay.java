package dev.tanren.activities.journal;

import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Registry;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes down what workers could not before they ended: from journals on this disk whose worker is
/// gone, and from those in the object store. Several may do it at once, and again.
public final class JournalReplay {

    private static final Logger LOG = LoggerFactory.getLogger(JournalReplay.class);

    private final Registry registry;
    private final ObjectStore store;
    private final Path folder;

    /// @param folder of this machine's journals
    public JournalReplay(Registry registry, ObjectStore store, Path folder) {
        this.registry = registry;
        this.store = store;
        this.folder = folder;
    }

    /// @throws TanrenException of the storage class where database or store do not answer: then
    ///     what is left stays for the next time
    public void run() {
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files =
                    Files.newDirectoryStream(folder, "*" + Journal.SUFFIX)) {
                for (Path file : files) {
                    replayWhereItsWorkerIsGone(file);
                }
            } catch (IOException e) {
                LOG.warn("journals in {} are left: {}", folder, e.toString());
            }
        }
        for (ObjectStore.StoredObject object : store.list(Journal.PREFIX)) {
            replayStored(object.key());
        }
    }

    private void replayWhereItsWorkerIsGone(Path file) throws IOException {
        if (Journal.openHere(file)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock != null) {
                replay(file);
                Files.deleteIfExists(file);
            }
        } catch (OverlappingFileLockException | NoSuchFileException e) {
            LOG.debug("{} is somebody's: {}", file, e.toString());
        }
    }

    private void replayStored(String key) {
        try {
            Path fetched = Files.createTempFile("tanren-journal", Journal.SUFFIX);
            try {
                store.download(key, fetched);
                replay(fetched);
                store.delete(key);
            } finally {
                Files.deleteIfExists(fetched);
            }
        } catch (IOException e) {
            LOG.warn("the journal {} is left: {}", key, e.toString());
        }
    }

    private void replay(Path file) throws IOException {
        int entries = 0;
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String line = lines.readLine();
            while (line != null) {
                entries += replay(file, line) ? 1 : 0;
                line = lines.readLine();
            }
        }
        if (entries > 0) {
            LOG.info("{} entries of {} were written down", entries, file.getFileName());
        }
    }

    private boolean replay(Path file, String line) {
        JournalEntry entry;
        try {
            entry = Json.read(line, JournalEntry.class);
        } catch (IllegalArgumentException e) {
            // The last line of a worker that was killed while it wrote it.
            LOG.warn("{} has a line that is no entry: {}", file, e.getMessage());
            return false;
        }
        try {
            entry.write(registry);
            return true;
        } catch (TanrenException e) {
            if (e.failureClass() == FailureClass.STORAGE) {
                throw e;
            }
            LOG.warn("an entry of {} is not wanted any more: {}", file, e.getMessage());
            return false;
        } catch (RuntimeException e) {
            // It hides none of those behind it.
            LOG.error("an entry of {} cannot be written down", file, e);
            return false;
        }
    }
}
