package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.model.FileHash;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Fetches the files of an export into a folder.
///
/// They gather in `<folder>.part`, which takes the folder's place when all are there and have the
/// SHA-256 that the export's manifest names. Files that are whole already are not fetched again,
/// and one that was cut off goes on where it was.
final class ModelPull {

    /// Of a folder that is not whole yet.
    private static final String PART = ".part";
    private static final int BUFFER = 1 << 18;
    private static final int BAR = 24;

    private final Terminal terminal;
    private final ApiClient api;
    private final String artifacts;
    private final Path folder;
    private final Path part;

    /// @param folder to be there afterwards; may be there and empty
    ModelPull(Terminal terminal, ApiClient api, String run, String stage, Path folder) {
        this.terminal = terminal;
        this.api = api;
        this.artifacts =
                "/runs/" + ApiClient.name(run) + "/artifacts/" + ApiClient.name(stage) + "/";
        this.folder = folder;
        this.part =
                Files.isDirectory(folder)
                        ? folder.resolve(PART)
                        : folder.resolveSibling(folder.getFileName() + PART);
    }

    /// A file of the export.
    ///
    /// @param path below the artifacts
    /// @param name below the folder
    record File(String path, String name, long bytes, String sha256) {}

    /// @throws TanrenException `USAGE` where something is in the folder; `OBJECT_CORRUPT` for bytes
    ///     other than the manifest's; what the server answers
    List<File> pull(String format) throws IOException {
        requireEmpty();
        List<File> files = files(format);
        Files.createDirectories(part);
        keepOnly(files);
        long all = files.stream().mapToLong(File::bytes).sum();
        long done = 0;
        for (File file : files) {
            fetch(file, done, all);
            done += file.bytes();
        }
        terminal.progress("");
        putInPlace();
        return files;
    }

    /// A folder that is there stays itself: it may be one that somebody works in.
    private void putInPlace() throws IOException {
        if (!part.startsWith(folder)) {
            Files.move(part, folder);
            return;
        }
        try (Stream<Path> gathered = Files.list(part)) {
            for (Path path : gathered.toList()) {
                Files.move(path, folder.resolve(part.relativize(path)));
            }
        }
        Files.delete(part);
    }

    private void requireEmpty() throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (Files.isDirectory(folder)) {
            try (Stream<Path> inside = Files.list(folder)) {
                if (inside.allMatch(part::equals)) {
                    return;
                }
            }
        }
        throw new TanrenException(
                ErrorCode.USAGE,
                "Something is there already.",
                folder.toString(),
                "Name a folder that does not exist or is empty.");
    }

    private List<File> files(String format) throws IOException {
        JsonNode manifest = api.get(artifacts + "manifest.json");
        List<File> files = new ArrayList<>();
        for (JsonNode file : manifest.path("files")) {
            String path = file.path("path").asText();
            if (path.startsWith(format + "/")) {
                String name = path.substring(format.length() + 1);
                if (!part.resolve(name).normalize().startsWith(part) || name.isEmpty()) {
                    throw corrupt(path, "the export's manifest names a file outside the export");
                }
                files.add(
                        new File(
                                path,
                                name,
                                file.path("bytes").asLong(),
                                file.path("sha256").asText()));
            }
        }
        if (files.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.NOT_FOUND,
                    "The export has nothing of the format " + format + ".",
                    artifacts + "manifest.json",
                    "Name one of the formats that the stage publishes: --format huggingface or"
                            + " --format djl.");
        }
        return files;
    }

    /// Removes what an earlier, other export left.
    private void keepOnly(List<File> files) throws IOException {
        Set<Path> wanted =
                files.stream()
                        .flatMap(file -> Stream.of(whole(file), begun(file)))
                        .collect(Collectors.toSet());
        try (Stream<Path> found = Files.walk(part)) {
            for (Path path : found.filter(Files::isRegularFile).toList()) {
                if (!wanted.contains(path)) {
                    Files.delete(path);
                }
            }
        }
    }

    private Path whole(File file) {
        return part.resolve(file.name());
    }

    private Path begun(File file) {
        return part.resolve(file.name() + ".part");
    }

    private void fetch(File file, long before, long all) throws IOException {
        Path target = whole(file);
        if (Files.exists(target) && FileHash.of(target).equals(file.sha256())) {
            return;
        }
        Path unfinished = begun(file);
        Files.createDirectories(unfinished.resolveSibling("."));
        // Bytes of another export would make a wrong hash, and then all are fetched again.
        if (!append(file, unfinished, before, all)) {
            Files.deleteIfExists(unfinished);
            if (!append(file, unfinished, before, all)) {
                Files.deleteIfExists(unfinished);
                throw corrupt(file.path(), "its SHA-256 is not that of the export's manifest");
            }
        }
        Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING);
    }

    /// @return whether the file now has its hash
    private boolean append(File file, Path unfinished, long before, long all) throws IOException {
        long has = Files.exists(unfinished) ? Files.size(unfinished) : 0;
        if (has < file.bytes() || !Files.exists(unfinished)) {
            try (InputStream in = api.open(artifacts + path(file.path()), has);
                    OutputStream out =
                            Files.newOutputStream(
                                    unfinished,
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.APPEND)) {
                byte[] buffer = new byte[BUFFER];
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    out.write(buffer, 0, read);
                    has += read;
                    show(file, before + has, all);
                }
            } catch (IOException e) {
                throw cutOff(file, e);
            }
        }
        return FileHash.of(unfinished).equals(file.sha256());
    }

    private void show(File file, long done, long all) {
        int filled = (int) Math.min(BAR, BAR * done / Math.max(1, all));
        terminal.progress(
                String.format(
                        Locale.ROOT,
                        "%s%s  %s of %s  %s",
                        "█".repeat(filled),
                        "░".repeat(BAR - filled),
                        Figures.bytes(done),
                        Figures.bytes(all),
                        Printable.of(file.name())));
    }

    private static String path(String path) {
        return Stream.of(path.split("/", -1))
                .map(ApiClient::encode)
                .collect(Collectors.joining("/"));
    }

    private TanrenException cutOff(File file, IOException e) {
        return new TanrenException(
                ErrorCode.STORE_UNREACHABLE,
                "The transfer of " + file.name() + " broke off: " + e.getMessage(),
                part.toString(),
                "Repeat the command: it goes on where it was.",
                e);
    }

    private static TanrenException corrupt(String where, String what) {
        return new TanrenException(
                ErrorCode.OBJECT_CORRUPT,
                what,
                where,
                "Repeat the command; if it happens again, export the model again.");
    }
}
