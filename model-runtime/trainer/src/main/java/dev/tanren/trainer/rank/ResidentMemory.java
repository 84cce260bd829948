package dev.tanren.trainer.rank;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What the kernel says about this process's memory.
///
/// @param residentBytes now; 0 where the kernel does not tell
/// @param peakBytes most that were resident at once so far; 0 where the kernel does not tell
record ResidentMemory(long residentBytes, long peakBytes) {

    private static final Path STATUS = Path.of("/proc/self/status");

    static ResidentMemory read() {
        try {
            List<String> lines = Files.readAllLines(STATUS);
            return new ResidentMemory(bytes(lines, "VmRSS:"), bytes(lines, "VmHWM:"));
        } catch (IOException | NumberFormatException e) {
            return new ResidentMemory(0, 0); // a system without /proc
        }
    }

    private static long bytes(List<String> lines, String key) {
        for (String line : lines) {
            if (line.startsWith(key)) {
                String kibibytes = line.substring(key.length()).replace("kB", "").strip();
                return Long.parseLong(kibibytes) * 1024;
            }
        }
        return 0;
    }
}
