package dev.tanren.storage.testing;

import dev.tanren.storage.registry.DatabaseAddress;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/// A real PostgreSQL on a free loopback port, with an empty database for each [#fresh()].
public final class EmbeddedDatabase implements AutoCloseable {

    private static final String USER = "postgres";
    private static final String PASSWORD = "postgres";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final EmbeddedPostgres server;

    private EmbeddedDatabase(EmbeddedPostgres server) {
        this.server = server;
    }

    public static EmbeddedDatabase start() {
        try {
            return new EmbeddedDatabase(
                    EmbeddedPostgres.builder()
                            .setPGStartupWait(Duration.ofSeconds(60))
                            .setServerConfig("max_connections", "400")
                            .setServerConfig("fsync", "off")
                            .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
