package dev.tanren.activities.process;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A folder of one attempt or process, for its owner's eyes alone, removed at the end.
public final class Scratch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Scratch.class);

    private final Path folder;

    private Scratch(Path folder) {
        this.folder = folder;
    }

    /// An empty folder; what an earlier worker left under the name is removed.
    ///
    /// @throws TanrenException `SCRATCH_FULL`
    public static Scratch create(Path parent, String name) {
        Path folder = parent.resolve(name);
        try {
            Files.createDirectories(parent);
            remove(folder);
            Files.createDirectory(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            return new Scratch(folder);
        } catch (IOException | UncheckedIOException e) {
            throw full(folder, e);
        }
    }

    public Path folder() {
        return folder;
    }

    public Path folder(String name) {
        try {
            return Files.createDirectory(folder.resolve(name));
        } catch (IOException e) {
            throw full(folder.resolve(name), e);
        }
    }

    /// Writes a launch file with mode 600.
    public Path launchFile(String name, Object launch) {
        Path file = folder.resolve(name);
        try {
            Files.createFile(
                    file,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, Json.write(launch));
            return file;
        } catch (IOException e) {
            throw full(file, e);
        }
    }

    @Override
    public void close() {
        try {
            remove(folder);
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("cannot remove {}: {}", folder, e.getMessage());
        }
    }

    static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(folder)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }

    private static TanrenException full(Path path, Exception cause) {
        return new TanrenException(
                ErrorCode.SCRATCH_FULL,
                "cannot write to the scratch folder: " + cause.getMessage(),
                path.toString(),
                "make room there, or name another folder in TANREN_WORKER_SCRATCH",
                cause);
    }
}
