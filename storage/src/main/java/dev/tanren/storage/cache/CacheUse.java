package dev.tanren.storage.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/// Keeps entries of a cache from being evicted while a process uses them.
///
/// A process that looks for an entry holds it first, and until it ends: then the kernel lets go,
/// however it ended. Safe for use by many threads.
public final class CacheUse {

    /// The folder of a cache that has its locks.
    static final String LOCKS = "in-use";

    private static final String GUARD = "guard";

    /// A JVM has one lock on a file, for all its threads. It loses it when it closes any other
    /// channel on the file, so a lock file is opened once and nowhere else.
    private static final Map<Path, FileChannel> HELD = new HashMap<>();

    private CacheUse() {}

    /// Holds an entry, which need not be there yet, to the end of this process, and notes that it
    /// was used now.
    ///
    /// @param entry a file or folder in one of the folders of a cache
    public static void hold(Path entry) throws IOException {
        Path path = entry.toAbsolutePath().normalize();
        Path kind = Objects.requireNonNull(path.getParent());
        Path cache = Objects.requireNonNull(kind.getParent());
        synchronized (HELD) {
            FileChannel held = HELD.get(path);
            if (held == null) {
                try (FileChannel guard = guard(cache);
                        FileLock shared = guard.lock(0, Long.MAX_VALUE, true)) {
                    if (shared.isValid()) {
                        held = locked(lockOf(path));
                        HELD.put(path, held);
                    }
                }
            }
            if (held != null) {
                noteUse(held);
            }
        }
    }

    static boolean heldHere(Path entry) {
        synchronized (HELD) {
            return HELD.containsKey(entry.toAbsolutePath().normalize());
        }
    }

    /// Setting the file's time by its name would open and close it.
    private static void noteUse(FileChannel held) throws IOException {
        held.write(ByteBuffer.wrap(new byte[] {'.'}), 0);
    }

    /// Does something while no process begins to hold an entry.
    static <T> T whileNobodyBegins(Path cache, Action<T> action) throws IOException {
        synchronized (HELD) {
            try (FileChannel guard = guard(cache);
                    FileLock exclusive = guard.lock()) {
                return action.run(exclusive);
            }
        }
    }

    @FunctionalInterface
    interface Action<T> {
        T run(FileLock guard) throws IOException;
    }

    /// The file whose lock says that an entry is used.
    static Path lockOf(Path entry) {
        Path kind = Objects.requireNonNull(entry.getParent());
        return kind.resolveSibling(LOCKS).resolve(kind.getFileName() + "-" + entry.getFileName());
    }

    private static FileChannel guard(Path cache) throws IOException {
        return open(Files.createDirectories(cache.resolve(LOCKS)).resolve(GUARD));
    }

    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = open(file);
        try {
            channel.lock(0, Long.MAX_VALUE, true);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
}
