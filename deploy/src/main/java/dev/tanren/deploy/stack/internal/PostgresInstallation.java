package dev.tanren.deploy.stack.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/// The database's programs, unpacked once from the jar that brings them, and its data folder.
///
/// PostgreSQL refuses to run as root. Root therefore starts it in a user namespace of its own, in
/// which it has no rights beyond those of the owner of its files.
///
/// @param folder of the unpacked programs
/// @param data folder of the database cluster
record PostgresInstallation(Path folder, Path data) {

    static final String DATABASE = "postgres";

    /// A data folder belongs to one major version.
    private static final int MAJOR_VERSION = 18;

    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
    private static final int OWNER_EXECUTES = 0100;

    static PostgresInstallation in(Path cache, Path data) {
        return new PostgresInstallation(cache.resolve("postgres-" + MAJOR_VERSION), data);
    }

    /// Unpacks the programs and makes the cluster where either is missing.
    ///
    /// @param password of the superuser of a new cluster
    void prepare(String password, Path log) throws IOException, InterruptedException {
        if (!Files.isDirectory(folder)) {
            unpack();
        }
        if (!Files.exists(data.resolve("PG_VERSION"))) {
            initialise(password, log);
        }
    }

    PartCommand server(int port) {
        List<String> arguments = asOrdinaryUser("postgres");
        arguments.addAll(List.of("-D", data.toString(), "-p", Integer.toString(port)));
        arguments.addAll(List.of("-c", "listen_addresses=127.0.0.1"));
        arguments.addAll(List.of("-c", "unix_socket_directories="));
        arguments.addAll(List.of("-c", "max_connections=200"));
        return new PartCommand(arguments, Map.of(), PrivateFiles.folderOf(data), "");
    }

    private void initialise(String password, Path log) throws IOException, InterruptedException {
        Path fresh = data.resolveSibling(data.getFileName() + ".new");
        deleteTree(fresh);
        Path passwordFile = data.resolveSibling("postgres.password");
        PrivateFiles.write(passwordFile, password);
        try {
            List<String> arguments = asOrdinaryUser("initdb");
            arguments.addAll(
                    List.of("-D", fresh.toString(), "-U", DatabaseRoles.SUPERUSER, "--no-sync"));
            arguments.addAll(List.of("-A", "scram-sha-256", "--pwfile=" + passwordFile));
            arguments.addAll(List.of("-E", "UTF8", "--locale=C"));
            Program.run(
                    "postgres (initdb)",
                    new PartCommand(arguments, Map.of(), PrivateFiles.folderOf(data), ""),
                    log,
                    Duration.ofMinutes(2));
            Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(passwordFile);
        }
    }

    private List<String> asOrdinaryUser(String program) {
        List<String> arguments = new ArrayList<>();
        if (Integer.valueOf(0).equals(userId())) {
            arguments.addAll(List.of("unshare", "--user"));
        }
        arguments.add(folder.resolve("bin").resolve(program).toString());
        return arguments;
    }

    private static @Nullable Object userId() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            return null;
        }
    }

    private void unpack() throws IOException {
        Path fresh = folder.resolveSibling(folder.getFileName() + ".new");
        deleteTree(fresh);
        try (InputStream archive = PostgresInstallation.class.getResourceAsStream(ARCHIVE)) {
            if (archive == null) {
                throw new TanrenException(
                        ErrorCode.TOOL_MISSING,
                        "PostgreSQL's programs are not on the class path.",
                        ARCHIVE,
                        "Run on Linux x86-64, which the embedded stack is for.");
            }
            TarArchiveInputStream entries = new TarArchiveInputStream(new XZInputStream(archive));
            for (TarArchiveEntry entry = entries.getNextEntry();
                    entry != null;
                    entry = entries.getNextEntry()) {
                unpack(entry, entries, fresh);
            }
        }
        Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void unpack(TarArchiveEntry entry, InputStream content, Path into)
            throws IOException {
        Path target = into.resolve(entry.getName()).normalize();
        if (!target.startsWith(into)) {
            throw new IOException("an archive entry lies outside: " + entry.getName());
        }
        if (entry.isDirectory()) {
            PrivateFiles.folder(target);
            return;
        }
        PrivateFiles.folderOf(target);
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(content, target);
        boolean executable = (entry.getMode() & OWNER_EXECUTES) != 0;
        Files.setPosixFilePermissions(
                target, PosixFilePermissions.fromString(executable ? "rwx------" : "rw-------"));
    }

    private static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
