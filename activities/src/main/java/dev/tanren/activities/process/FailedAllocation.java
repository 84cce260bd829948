package dev.tanren.activities.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a process that could not allocate leaves in its log.
public final class FailedAllocation {

    private static final int TAIL = 64 << 10;

    /// Of the Java heap, of a JVM that ends because the system refuses it memory, of libtorch.
    private static final List<String> SIGNS =
            List.of(
                    "java.lang.OutOfMemoryError",
                    "There is insufficient memory for the Java Runtime Environment to continue",
                    "DefaultCPUAllocator: can't allocate memory");

    private FailedAllocation() {}

    /// Whether the end of a log names a Java heap or native allocation that failed.
    public static boolean namedIn(Path log) {
        try {
            byte[] bytes = Files.readAllBytes(log);
            int from = Math.max(0, bytes.length - TAIL);
            String tail = new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
            return SIGNS.stream().anyMatch(tail::contains);
        } catch (IOException e) {
            return false;
        }
    }
}
