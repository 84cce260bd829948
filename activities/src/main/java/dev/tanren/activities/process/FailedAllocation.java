package dev.tanren.activities.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// What a process that could not allocate leaves in its log.
public final class FailedAllocation {

    private static final int TAIL = 64 << 10;

    private FailedAllocation() {}

    /// Whether the end of a log names a Java heap or native allocation that failed.
    public static boolean namedIn(Path log) {
        try {
            byte[] bytes = Files.readAllBytes(log);
            int from = Math.max(0, bytes.length - TAIL);
            String tail = new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
            return tail.contains("java.lang.OutOfMemoryError")
                    || tail.contains("DefaultCPUAllocator: can't allocate memory");
        } catch (IOException e) {
            return false;
        }
    }
}
