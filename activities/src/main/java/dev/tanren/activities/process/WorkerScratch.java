package dev.tanren.activities.process;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The folder of one worker process below the scratch folder, for all that ends with it.
///
/// The worker holds a lock beside it as long as it lives. A folder whose lock nobody holds is of a
/// worker that was killed, and any other one removes it.
public final class WorkerScratch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerScratch.class);
    private static final String PREFIX = "w-";
    private static final String LOCK = ".lock";
    private static final int NAME_LENGTH = 8;

    private final Path parent;
    private final Path folder;
    private final FileChannel lock;

    private WorkerScratch(Path parent, Path folder, FileChannel lock) {
        this.parent = parent;
        this.folder = folder;
        this.lock = lock;
    }

    /// @throws TanrenException `SCRATCH_FULL`
    public static WorkerScratch open(Path parent) {
        String name = PREFIX + UUID.randomUUID().toString().substring(0, NAME_LENGTH);
        try {
            Files.createDirectories(parent);
            // Whoever sees the lock under its name finds it taken.
            Path fresh = parent.resolve(name + ".new");
            FileChannel channel =
                    FileChannel.open(
                            fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            channel.lock();
            Files.move(fresh, parent.resolve(name + LOCK));
            Path folder = parent.resolve(name);
            Scratch.create(parent, name);
            return new WorkerScratch(parent, folder, channel);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "no folder can be made: " + e,
                    parent.toString(),
                    "Name a scratch folder that the worker may write in TANREN_WORKER_SCRATCH.",
                    e);
        }
    }

    public Path folder() {
        return folder;
    }

    /// Removes what workers left that live no more.
    public void removeLeftBehind() {
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, PREFIX + "*" + LOCK)) {
            for (Path file : locks) {
                removeWhereNobodyHolds(file);
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("what was left in {} stays: {}", parent, e.toString());
        }
    }

    private void removeWhereNobodyHolds(Path file) throws IOException {
        String name = String.valueOf(file.getFileName()).replace(LOCK, "");
        if (parent.resolve(name).equals(folder)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock held = channel.tryLock()) {
            if (held != null) {
                Scratch.remove(parent.resolve(name));
                Files.deleteIfExists(file);
                LOG.info("removed {}, whose worker is gone", parent.resolve(name));
            }
        } catch (OverlappingFileLockException ofThisProcess) {
            LOG.debug("{} is held by this process", file);
        }
    }

    @Override
    public void close() {
        try (lock) {
            Scratch.remove(folder);
            Files.deleteIfExists(parent.resolve(folder.getFileName() + LOCK));
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("cannot remove {}: {}", folder, e.toString());
        }
    }
}
