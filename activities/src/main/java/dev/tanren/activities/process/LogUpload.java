package dev.tanren.activities.process;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies growing log files to the object store every few seconds, and once more at the end.
///
/// Of a log above 8 MiB the end is kept. A store that does not answer costs the copy, not the work.
public final class LogUpload implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LogUpload.class);
    private static final long SECONDS = 3;
    private static final long LAST_COPY_SECONDS = 20;
    private static final int LARGEST = 8 << 20;

    private final ObjectStore store;
    private final Map<Path, String> keys;
    private final Map<Path, Long> copied = new HashMap<>();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("logs").daemon().factory());

    private LogUpload(ObjectStore store, Map<Path, String> keys) {
        this.store = store;
        this.keys = Map.copyOf(keys);
    }

    /// @param keys object key of each log file
    public static LogUpload start(ObjectStore store, Map<Path, String> keys) {
        LogUpload upload = new LogUpload(store, keys);
        var _ = upload.timer.scheduleWithFixedDelay(upload::copy, 1, SECONDS, TimeUnit.SECONDS);
        return upload;
    }

    @Override
    public void close() {
        timer.execute(this::copy);
        timer.shutdown();
        try {
            if (!timer.awaitTermination(LAST_COPY_SECONDS, TimeUnit.SECONDS)) {
                timer.shutdownNow();
            }
        } catch (InterruptedException e) {
            timer.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void copy() {
        keys.forEach(
                (file, key) -> {
                    try {
                        copy(file, key);
                    } catch (IOException | TanrenException e) {
                        LOG.warn("log {} is not copied: {}", key, e.getMessage());
                    }
                });
    }

    private void copy(Path file, String key) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        long size = Files.size(file);
        if (size > copied.getOrDefault(file, 0L)) {
            store.put(key, tail(file, size));
            copied.put(file, size);
        }
    }

    private static byte[] tail(Path file, long size) throws IOException {
        int length = (int) Math.min(size, LARGEST);
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel channel = FileChannel.open(file)) {
            channel.position(size - length);
            int read = 0;
            while (bytes.hasRemaining() && read >= 0) {
                read = channel.read(bytes);
            }
        }
        return java.util.Arrays.copyOf(bytes.array(), bytes.position());
    }
}
