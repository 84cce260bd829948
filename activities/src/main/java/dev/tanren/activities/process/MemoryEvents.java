package dev.tanren.activities.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How often the kernel killed a process of this control group for want of memory.
public final class MemoryEvents {

    private static final List<Path> FILES =
            List.of(
                    Path.of("/sys/fs/cgroup/memory.events"),
                    Path.of("/sys/fs/cgroup/memory/memory.oom_control"));
    private static final Logger LOG = LoggerFactory.getLogger(MemoryEvents.class);
    private static final String COUNTER = "oom_kill ";
    private static final int TAIL = 64 << 10;

    private MemoryEvents() {}

    /// Zero where the kernel does not tell.
    public static long kills() {
        return FILES.stream().filter(Files::isReadable).mapToLong(MemoryEvents::kills).sum();
    }

    private static long kills(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(COUNTER))
                    .mapToLong(line -> Long.parseLong(line.substring(COUNTER.length()).strip()))
                    .sum();
        } catch (IOException | UncheckedIOException | NumberFormatException e) {
            LOG.debug("{} does not tell: {}", file, e.getMessage());
            return 0;
        }
    }

    /// Whether the end of a log names a Java heap or native allocation that failed.
    public static boolean namedIn(Path log) {
        try {
            byte[] bytes = Files.readAllBytes(log);
            int from = Math.max(0, bytes.length - TAIL);
            String tail =
                    new String(
                            bytes,
                            from,
                            bytes.length - from,
                            java.nio.charset.StandardCharsets.UTF_8);
            return tail.contains("java.lang.OutOfMemoryError")
                    || tail.contains("DefaultCPUAllocator: can't allocate memory");
        } catch (IOException e) {
            return false;
        }
    }
}
