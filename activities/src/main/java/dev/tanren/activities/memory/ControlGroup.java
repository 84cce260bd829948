package dev.tanren.activities.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A control group of the kernel, as far as memory goes.
///
/// @param folder in the file system of control groups
public record ControlGroup(Path folder, Version version) implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlGroup.class);
    private static final String KILLS = "oom_kill ";
    private static final String PROCESSES = "cgroup.procs";
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    /// Which files say what.
    public enum Version {
        V1("memory.limit_in_bytes", "memory.oom_control"),
        V2("memory.max", "memory.events");

        private final String limit;
        private final String events;

        Version(String limit, String events) {
            this.limit = limit;
            this.events = events;
        }
    }

    /// Makes a group below this one.
    ControlGroup child(String name, long limitBytes) throws IOException {
        Path made = Files.createDirectory(folder.resolve(name));
        ControlGroup child = new ControlGroup(made, version);
        try {
            child.write(version.limit, limitBytes);
            return child;
        } catch (IOException e) {
            Files.deleteIfExists(made);
            throw e;
        }
    }

    void limit(long bytes) throws IOException {
        write(version.limit, bytes);
    }

    /// Moves a process here; what it has taken so far stays counted where it was.
    void add(long pid) throws IOException {
        write(PROCESSES, pid);
    }

    boolean isEmpty() throws IOException {
        return Files.readString(folder.resolve(PROCESSES)).isBlank();
    }

    /// How many of its processes the kernel has killed for want of memory, here or machine-wide; 0
    /// where it does not tell.
    long kills() {
        try {
            return kills(Files.readAllLines(folder.resolve(version.events)));
        } catch (IOException | NumberFormatException e) {
            LOG.debug("{} does not tell of kills: {}", folder, e.getMessage());
            return 0;
        }
    }

    private static long kills(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith(KILLS))
                .mapToLong(line -> Long.parseLong(line.substring(KILLS.length()).strip()))
                .sum();
    }

    /// Removes the group, for which its processes must have ended.
    @Override
    public void close() {
        IOException last = null;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            try {
                Files.deleteIfExists(folder);
                return;
            } catch (IOException busy) {
                last = busy;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        LOG.warn("the control group {} is not removed: {}", folder, String.valueOf(last));
    }

    /// The kernel's files are there already and take one write.
    private void write(String file, long number) throws IOException {
        Files.writeString(folder.resolve(file), Long.toString(number), StandardOpenOption.WRITE);
    }
}
