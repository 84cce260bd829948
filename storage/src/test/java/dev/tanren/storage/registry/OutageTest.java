package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.testing.EmbeddedDatabase;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class OutageTest extends RegistryTest {

    private static final String CUT_OFF =
            "select pg_terminate_backend(pid) from pg_stat_activity"
                    + " where datname = '%s' and pid <> pg_backend_pid()";

    @Test
    void manyMayStartOnAnEmptyDatabaseAtOnce() throws Exception {
        DatabaseAddress empty = server.fresh();
        List<Callable<Boolean>> starts = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            starts.add(
                    () -> {
                        try (PostgresRegistry one = PostgresRegistry.connect(empty)) {
                            return one.runs().find("x").isEmpty();
                        }
                    });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (Future<Boolean> start : threads.invokeAll(starts)) {
                assertThat(start.get()).isTrue();
            }
        }
    }

    @Test
    void callsGoOnWhenTheServerCutsTheirConnections() {
        for (int i = 0; i < 5; i++) {
            server.execute(CUT_OFF.formatted(database()));
            registry.events().append(RUN, "note", null, "still here", Map.of(), "k" + i);
        }
        assertThat(registry.events().after(RUN, 0, 10)).hasSize(5);
    }

    @Test
    void anOutageThatPassesIsRiddenOut() throws Exception {
        server.execute("alter database " + database() + " allow_connections false");
        server.execute(CUT_OFF.formatted(database()));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call = threads.submit(() -> registry.runs().find(RUN).isPresent());
            Thread.sleep(700);
            assertThat(call.isDone()).isFalse();
            server.execute("alter database " + database() + " allow_connections true");
            assertThat(call.get()).isTrue();
        }
    }

    private String database() {
        return address.url().substring(address.url().lastIndexOf('/') + 1);
    }

    @Test
    void aServerThatStaysAwayIsReportedInBoundedTime() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        DatabaseAddress nowhere =
                new DatabaseAddress("jdbc:postgresql://127.0.0.1:" + port + "/x", "u", "secret");
        long start = System.nanoTime();
        assertThatThrownBy(() -> PostgresRegistry.connect(nowhere, Duration.ofSeconds(1)))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_UNREACHABLE);
                            assertThat(e.getMessage()).doesNotContain("secret");
                        });
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    }

    @Test
    void aFullDiskIsReportedAtOnceAndUndone() {
        EmbeddedDatabase.execute(
                address,
                """
                create function full_disk() returns trigger language plpgsql as $$
                begin raise exception 'no space left' using errcode = '53100'; end $$;
                create trigger full_disk before insert on events
                    for each row execute function full_disk();
                """);
        assertThatThrownBy(() -> registry.events().append(RUN, "note", null, "x", Map.of(), null))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_FULL));
        EmbeddedDatabase.execute(address, "drop trigger full_disk on events");
        assertThat(registry.events().append(RUN, "note", null, "x", Map.of(), null)).isOne();
    }

    @Test
    void theEnvironmentGivesTheAddress() {
        assertThat(
                        DatabaseAddress.from(
                                Map.of(
                                        "TANREN_DATABASE_URL",
                                        "jdbc:postgresql://db:5432/tanren?sslpassword=x",
                                        "TANREN_DATABASE_USER",
                                        "tanren",
                                        "TANREN_DATABASE_PASSWORD",
                                        "secret")))
                .hasToString("jdbc:postgresql://db:5432/tanren");
        assertThatThrownBy(() -> DatabaseAddress.from(Map.of()))
                .hasMessageContaining("TANREN_DATABASE_URL");
    }
}
