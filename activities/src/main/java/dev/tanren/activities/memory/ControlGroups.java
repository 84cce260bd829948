package dev.tanren.activities.memory;

import dev.tanren.activities.memory.ControlGroup.Version;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The control groups that a worker makes for what it launches, where the system lets it.
///
/// It does where the worker's own group of version 1 can be written to, or where its group of
/// version 2 is the leaf of a group delegated to it (systemd's `Delegate=` with
/// `DelegateSubgroup=`). Elsewhere, as in most containers, none are made.
public final class ControlGroups {

    private static final Logger LOG = LoggerFactory.getLogger(ControlGroups.class);
    private static final Path MOUNT = Path.of("/sys/fs/cgroup");
    private static final String PREFIX = "tanren-";
    private static final String SUBTREE = "cgroup.subtree_control";

    private final @Nullable ControlGroup own;
    private final @Nullable ControlGroup parent;

    private ControlGroups(@Nullable ControlGroup own, @Nullable ControlGroup parent) {
        this.own = own;
        this.parent = parent;
    }

    /// Makes none, and knows of no kills.
    public static ControlGroups none() {
        return new ControlGroups(null, null);
    }

    /// Groups below this one, which counts kills that are nobody's own.
    static ControlGroups below(ControlGroup group) {
        return new ControlGroups(group, group);
    }

    /// Kills of a group are counted, but no groups are made.
    static ControlGroups countedBy(ControlGroup group) {
        return new ControlGroups(group, null);
    }

    public static ControlGroups ofThisProcess() {
        try {
            return of(MOUNT, Files.readAllLines(Path.of("/proc/self/cgroup")));
        } catch (IOException e) {
            LOG.info("control groups cannot be read: {}", e.getMessage());
            return none();
        }
    }

    /// @param lines of `/proc/self/cgroup`
    static ControlGroups of(Path mount, List<String> lines) {
        for (String line : lines) {
            String[] fields = line.split(":", 3);
            if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
                ControlGroup own =
                        new ControlGroup(existing(mount.resolve("memory"), fields[2]), Version.V1);
                return new ControlGroups(own, Files.isWritable(own.folder()) ? own : null);
            }
        }
        return lines.stream()
                .filter(line -> line.startsWith("0::"))
                .map(line -> existing(mount, line.substring(3)))
                .filter(folder -> Files.exists(folder.resolve("memory.events")))
                .map(folder -> new ControlGroup(folder, Version.V2))
                .map(own -> new ControlGroups(own, delegated(own)))
                .findFirst()
                .orElseGet(ControlGroups::none);
    }

    /// In a container the path may be that of the machine, which is not seen from there.
    private static Path existing(Path mount, String path) {
        Path named = mount.resolve(path.substring(path.startsWith("/") ? 1 : 0));
        return Files.isDirectory(named) ? named : mount;
    }

    /// Version 2 allows processes in leaves alone, so the worker's siblings are made in the group
    /// above it, where that is the worker's own.
    private static @Nullable ControlGroup delegated(ControlGroup own) {
        Path above = own.folder().getParent();
        if (above == null || above.getFileName() == null) {
            return null;
        }
        String name = above.getFileName().toString();
        if (!name.endsWith(".service") && !name.endsWith(".scope")) {
            return null;
        }
        Path subtree = above.resolve(SUBTREE);
        try {
            if (!Files.readString(subtree).contains("memory")) {
                Files.writeString(subtree, "+memory", StandardOpenOption.WRITE);
            }
            return Files.isWritable(above) ? new ControlGroup(above, Version.V2) : null;
        } catch (IOException e) {
            LOG.debug("{} is not delegated: {}", above, e.getMessage());
            return null;
        }
    }

    /// A group for one gang or process; empty where none can be made.
    Optional<ControlGroup> make(String name, long limitBytes) {
        if (parent == null) {
            return Optional.empty();
        }
        String unique = PREFIX + ProcessHandle.current().pid() + "-" + name;
        try {
            return Optional.of(parent.child(unique, limitBytes));
        } catch (IOException e) {
            LOG.warn("no control group {} can be made: {}", unique, e.toString());
            return Optional.empty();
        }
    }

    /// Kills for want of memory that the worker's own group has counted.
    long kills() {
        return own == null ? 0 : own.kills();
    }

    /// Removes groups that workers left which live no more.
    public void removeLeftBehind() {
        if (parent == null) {
            return;
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(parent.folder(), PREFIX + "*")) {
            for (Path folder : left) {
                if (!ownerLives(folder)) {
                    removeLeftBehind(new ControlGroup(folder, parent.version()));
                }
            }
        } catch (IOException e) {
            LOG.warn("control groups left behind stay: {}", e.toString());
        }
    }

    private static void removeLeftBehind(ControlGroup group) throws IOException {
        if (group.isEmpty()) {
            group.close();
        }
    }

    private static boolean ownerLives(Path folder) {
        String[] parts = String.valueOf(folder.getFileName()).split("-", 3);
        try {
            return ProcessHandle.of(Long.parseLong(parts[1])).isPresent();
        } catch (NumberFormatException e) {
            return true;
        }
    }
}
