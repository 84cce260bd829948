package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// On the stack's own PostgreSQL, begun by an earlier version: the application was the superuser.
@Timeout(180)
class DatabaseRolesTest {

    private static final Actor ADA = new Actor("t-1", "ada", "operator", null);

    private static final String FORMER = "known-to-every-worker";
    private static final String REFUSED = "42501";

    @TempDir private static Path folder;

    private static Process server;
    private static DatabaseRoles roles;

    @BeforeAll
    static void aClusterOfAnEarlierVersion() throws Exception {
        PostgresInstallation postgres =
                PostgresInstallation.in(folder.resolve("cache"), folder.resolve("data"));
        PrivateFiles.folder(folder.resolve("cache"));
        postgres.prepare(FORMER, folder.resolve("initdb.log"));
        int port = freePort();
        PartCommand command = postgres.server(port);
        ProcessBuilder builder =
                new ProcessBuilder(command.arguments())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("postgres.log").toFile());
        server = builder.start();
        String url = "jdbc:postgresql://127.0.0.1:%d/postgres".formatted(port);
        roles = new DatabaseRoles(url, "known-to-the-supervisor", FORMER);
        try (PostgresRegistry before =
                PostgresRegistry.connect(
                        new DatabaseAddress(url, DatabaseRoles.SUPERUSER, FORMER))) {
            before.audit().append(AuditRecord.of(ADA, "run.submit", "run/r"));
        }
        assertThat(roles.handOver()).isTrue();
    }

    @AfterAll
    static void ends() throws Exception {
        Signals.send(server.pid(), Signals.INTERRUPT);
        server.waitFor(30, TimeUnit.SECONDS);
    }

    @BeforeEach
    void isHandedOverAsOftenAsAsked() {
        assertThat(roles.handOver()).isTrue();
    }

    @Test
    void theApplicationWorksAndAddsToTheAudit() {
        try (PostgresRegistry registry = PostgresRegistry.connect(application())) {
            registry.audit().append(AuditRecord.of(ADA, "run.pause", "run/r").because("why"));
            registry.tokens().list();
            assertThat(registry.audit().list("run/r", 10))
                    .extracting(Audit.Entry::action)
                    .startsWith("run.submit", "run.pause");
            assertThat(registry.audit().verify().firstBroken()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table audit disable trigger all",
                "alter table audit disable trigger audit_append_only",
                "drop trigger audit_append_only on audit",
                "create or replace function audit_is_append_only() returns trigger language plpgsql"
                        + " as $$ begin return new; end $$",
                "update audit set actor = 'nobody'",
                "delete from audit",
                "truncate audit",
                "drop table audit",
                "alter table audit owner to " + DatabaseRoles.APPLICATION,
                "set session_replication_role = replica",
                "set role " + DatabaseRoles.SUPERUSER,
                "update flyway_schema_history set checksum = 0",
                "create role other",
                "create database other",
                "alter role " + DatabaseRoles.APPLICATION + " superuser",
                "create table other (id int)",
                "copy tokens to program 'cat'"
            })
    void theApplicationIsRefused(String statement) {
        assertThatThrownBy(() -> as(application().user(), FORMER, statement))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(REFUSED));
    }

    @Test
    void theApplicationsTablesAreItsOwn() throws SQLException {
        as(application().user(), FORMER, "alter table runs add column of_a_test int");
        as(application().user(), FORMER, "alter table runs drop column of_a_test");
    }

    @Test
    void theFormerPasswordIsNotTheSuperusersAnyMore() {
        assertThatThrownBy(() -> as(DatabaseRoles.SUPERUSER, FORMER, "select 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }

    private static DatabaseAddress application() {
        return new DatabaseAddress(roles.url(), DatabaseRoles.APPLICATION, FORMER);
    }

    private static void as(String user, String password, String statement) throws SQLException {
        try (Connection connection = DriverManager.getConnection(roles.url(), user, password);
                Statement made = connection.createStatement()) {
            made.execute(statement);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
