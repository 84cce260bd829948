package dev.tanren.activities.journal;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What one attempt has to record and the database does not have yet, a line each in a file on the
/// worker's disk.
///
/// A line is there before anybody tries to write it to the database, so it outlives the worker's
/// process, though not the machine. The file is locked while the attempt is at work; whoever finds
/// it unlocked may write it down, see [JournalReplay]. A disk that takes no line costs that safety
/// and nothing else. Safe for use by two threads.
public final class Journal implements AutoCloseable {

    /// Where journals lie in the object store that a worker could not write down before its end.
    static final String PREFIX = "journal/";

    static final String SUFFIX = ".jsonl";
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    /// This process would lose its lock if it opened one of these again and closed it.
    private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final @Nullable FileChannel channel;
    private long pending;

    private Journal(Path file, @Nullable FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// Goes on with the file of this name where there is one.
    ///
    /// @param name tells the attempt from all others, for ever
    public static Journal open(Path folder, String name) {
        Path file = folder.resolve(name + SUFFIX);
        try {
            Files.createDirectories(folder);
            OPEN_HERE.add(file.toAbsolutePath());
            FileChannel channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.APPEND);
            channel.lock();
            return new Journal(file, channel);
        } catch (IOException e) {
            OPEN_HERE.remove(file.toAbsolutePath());
            LOG.warn("no journal can be kept: {}", e.toString());
            return new Journal(file, null);
        }
    }

    static boolean openHere(Path file) {
        return OPEN_HERE.contains(file.toAbsolutePath());
    }

    /// Keeps an entry until [#written] is called as often as this.
    public synchronized void keep(JournalEntry entry) {
        pending++;
        if (channel == null) {
            return;
        }
        try {
            ByteBuffer line =
                    ByteBuffer.wrap((Json.write(entry) + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) {
                channel.write(line);
            }
        } catch (IOException e) {
            LOG.warn("an entry is not kept in {}: {}", file, e.toString());
        }
    }

    /// The oldest entry needs no keeping any more. The file is emptied when none does.
    public synchronized void written() {
        pending = Math.max(0, pending - 1);
        if (pending == 0 && channel != null) {
            try {
                channel.truncate(0);
            } catch (IOException e) {
                LOG.warn("{} cannot be emptied: {}", file, e.toString());
            }
        }
    }

    /// Copies what is left to the object store, for a worker on any machine to write down.
    public synchronized void hand(ObjectStore store) {
        if (pending == 0 || channel == null) {
            return;
        }
        try {
            store.put(PREFIX + file.getFileName(), file);
            channel.truncate(0);
            pending = 0;
        } catch (TanrenException | IOException e) {
            LOG.warn("{} entries are left in {}: {}", pending, file, e.getMessage());
        }
    }

    /// Removes the file where nothing is left in it, and else leaves it to others.
    @Override
    public synchronized void close() {
        if (channel == null) {
            return;
        }
        try (channel) {
            if (pending == 0) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.warn("{} is not closed: {}", file, e.toString());
        } finally {
            OPEN_HERE.remove(file.toAbsolutePath());
        }
    }
}
