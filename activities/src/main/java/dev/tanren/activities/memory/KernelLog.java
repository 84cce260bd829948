package dev.tanren.activities.memory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which processes the kernel says it has killed for want of memory.
///
/// @param lines of the log as it is now; empty where it cannot be read, or numbers processes
///     otherwise than this process does
public record KernelLog(Supplier<Optional<List<String>>> lines) {

    private static final Logger LOG = LoggerFactory.getLogger(KernelLog.class);

    /// `[ 1234.567] Memory cgroup out of memory: Killed process 4242 (java) …`
    private static final Pattern KILLED =
            Pattern.compile(
                    "\\[\\s*(\\d+\\.\\d+)].*out of memory.*killed process (\\d+)\\b.*",
                    Pattern.CASE_INSENSITIVE);

    /// The kernel's stamps and the uptime are read off two clocks.
    private static final double TOLERANCE_SECONDS = 1;

    /// Of the machine's first namespace of processes; the kernel's log has its numbers.
    private static final String FIRST_NAMESPACE = "pid:[4026531836]";

    /// That of this machine, by `dmesg`.
    public static KernelLog ofThisMachine() {
        return new KernelLog(sameNumbers() ? KernelLog::read : Optional::empty);
    }

    /// Whether a process was killed for want of memory since a moment; empty where the log does not
    /// tell.
    ///
    /// @param since seconds of the machine's uptime
    Optional<Boolean> killed(long pid, double since) {
        return lines.get().map(all -> all.stream().anyMatch(line -> names(line, pid, since)));
    }

    /// Seconds since the machine started; 0 where it does not tell.
    static double uptime() {
        try {
            return Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ", 2)[0]);
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    private static boolean names(String line, long pid, double since) {
        Matcher killed = KILLED.matcher(line);
        return killed.matches()
                && Long.parseLong(killed.group(2)) == pid
                && Double.parseDouble(killed.group(1)) >= since - TOLERANCE_SECONDS;
    }

    private static boolean sameNumbers() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/pid"))
                    .toString()
                    .equals(FIRST_NAMESPACE);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static Optional<List<String>> read() {
        try {
            Process dmesg =
                    new ProcessBuilder("dmesg")
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            List<String> found =
                    new String(dmesg.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .toList();
            return dmesg.waitFor() == 0 ? Optional.of(found) : Optional.empty();
        } catch (IOException e) {
            LOG.debug("the kernel's log cannot be read: {}", e.getMessage());
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
