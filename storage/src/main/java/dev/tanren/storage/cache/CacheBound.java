package dev.tanren.storage.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a cache below a size: what was used least recently goes first, and nothing goes that a
/// living process holds, see [CacheUse]. A cache whose held entries alone are larger stays so.
///
/// Entries are what lies one level below the folders of the cache, such as `tokens/<hash>` and
/// `models/<prefix>`. Several workers of a machine may bound the same folder.
///
/// @param bytes most that the cache may take
public record CacheBound(Path folder, long bytes) {

    private static final Logger LOG = LoggerFactory.getLogger(CacheBound.class);
    private static final String PART = ".part";

    /// A download that no byte was added to for so long is nobody's.
    private static final Duration ABANDONED = Duration.ofHours(1);

    /// @param used when a process last looked for it
    private record Entry(Path path, long bytes, Instant used) {}

    /// @return bytes that were evicted
    public long evict() {
        try {
            if (!Files.isDirectory(folder)) {
                return 0;
            }
            return CacheUse.whileNobodyBegins(folder, _ -> evictNow());
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("the cache {} is not bounded now: {}", folder, e.toString());
            return 0;
        }
    }

    private long evictNow() throws IOException {
        List<Entry> entries = entries();
        long left = entries.stream().mapToLong(Entry::bytes).sum() - bytes;
        long evicted = 0;
        for (Entry entry : entries) {
            if (left - evicted <= 0) {
                break;
            }
            if (evict(entry)) {
                evicted += entry.bytes();
            }
        }
        if (evicted > 0) {
            LOG.info("{} bytes were evicted from {}", evicted, folder);
        }
        return evicted;
    }

    /// Least recently used first.
    private List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path kind : children(folder)) {
            for (Path path : children(kind)) {
                String name = String.valueOf(path.getFileName());
                if (name.endsWith(PART)) {
                    removeAbandoned(path);
                } else {
                    entries.add(new Entry(path, size(path), used(path)));
                }
            }
        }
        entries.sort(Comparator.comparing(Entry::used));
        return entries;
    }

    private static List<Path> children(Path folder) throws IOException {
        List<Path> children = new ArrayList<>();
        if (Files.isDirectory(folder) && !folder.endsWith(CacheUse.LOCKS)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
                found.forEach(children::add);
            }
        }
        return children;
    }

    private static void removeAbandoned(Path part) throws IOException {
        try {
            Instant written = Files.getLastModifiedTime(part).toInstant();
            if (written.isBefore(Instant.now().minus(ABANDONED))) {
                Files.deleteIfExists(part);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} has just been moved into place", part);
        }
    }

    private static long size(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            return files.mapToLong(CacheBound::ownSize).sum();
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static long ownSize(Path file) {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return found.isRegularFile() ? found.size() : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /// One that nobody has held yet is as old as it was written.
    private static Instant used(Path path) throws IOException {
        Path lock = CacheUse.lockOf(path);
        try {
            return Files.getLastModifiedTime(Files.exists(lock) ? lock : path).toInstant();
        } catch (NoSuchFileException e) {
            return Instant.now();
        }
    }

    private static boolean evict(Entry entry) throws IOException {
        if (CacheUse.heldHere(entry.path())) {
            return false;
        }
        Path lockFile = CacheUse.lockOf(entry.path());
        try (FileChannel channel =
                        FileChannel.open(
                                lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                return false;
            }
            remove(entry.path());
            Files.deleteIfExists(lockFile);
            return true;
        }
    }

    private static void remove(Path path) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(path)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path file : all) {
            Files.deleteIfExists(file);
        }
    }
}
