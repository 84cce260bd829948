package dev.tanren.storage.testing;

import dev.tanren.storage.registry.DatabaseAddress;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// A real PostgreSQL on a free loopback port, with an empty database for each [#fresh()].
public final class EmbeddedDatabase implements AutoCloseable {

    private static final String USER = "postgres";
    private static final String PASSWORD = "postgres";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Path data;
    private final EmbeddedPostgres server;

    private EmbeddedDatabase(Path data, EmbeddedPostgres server) {
        this.data = data;
        this.server = server;
    }

    public static EmbeddedDatabase start() {
        try {
            Path data = Files.createTempDirectory("tanren-database");
            return new EmbeddedDatabase(data, builder(data).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static EmbeddedPostgres.Builder builder(Path data) {
        return EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("max_connections", "400")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("fsync", "off");
    }

    /// Kills the server in the midst of what it does, and starts it again where it was.
    public void crash() {
        try {
            long pid =
                    Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).getFirst());
            List<String> command = commandOf(pid);
            new ProcessBuilder("kill", "-KILL", Long.toString(pid)).start().waitFor();
            do {
                Thread.sleep(50);
            } while (!startedAgain(command));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// PostgreSQL refuses to run as root, and to start while its former processes are still there.
    private static boolean startedAgain(List<String> command)
            throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            whole.addAll(List.of("unshare", "-U"));
        }
        whole.addAll(command);
        Process process =
                new ProcessBuilder(whole)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return !process.waitFor(300, TimeUnit.MILLISECONDS);
    }

    private static List<String> commandOf(long pid) throws IOException {
        String line = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
        return List.of(line.split("\0"));
    }

    /// The address of a new, empty database.
    public DatabaseAddress fresh() {
        String name = "test_" + NUMBER.incrementAndGet();
        execute("create database " + name);
        return address(name);
    }

    private DatabaseAddress address(String database) {
        return new DatabaseAddress(
                "jdbc:postgresql://127.0.0.1:" + server.getPort() + "/" + database, USER, PASSWORD);
    }

    /// Runs SQL as the server's superuser, outside any test database.
    public void execute(String sql) {
        execute(address("postgres"), sql);
    }

    public static void execute(DatabaseAddress address, String sql) {
        try (Connection connection =
                        DriverManager.getConnection(
                                address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
