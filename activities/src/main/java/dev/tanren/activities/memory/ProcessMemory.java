package dev.tanren.activities.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What the kernel says of a living process's memory.
///
/// @param peakBytes most that was resident so far, mapped files among it
/// @param ownBytes resident now and in no file, so that the kernel can take none of it back
record ProcessMemory(long peakBytes, long ownBytes) {

    /// Empty where there is no such process.
    static Optional<ProcessMemory> of(long pid) {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"));
            return Optional.of(
                    new ProcessMemory(
                            bytes(lines, "VmHWM:"),
                            bytes(lines, "RssAnon:") + bytes(lines, "RssShmem:")));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /// Zero for a process that has ended and is not waited for yet.
    private static long bytes(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(key.length()).replace("kB", "").strip())
                .mapToLong(Long::parseLong)
                .map(kibibytes -> kibibytes << 10)
                .findFirst()
                .orElse(0);
    }
}
