package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void aServerThatTakesNoWritesForAWhileIsRiddenOut() throws Exception {
        server.execute("alter database " + database() + " set default_transaction_read_only = on");
        server.execute(CUT_OFF.formatted(database()));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> call = threads.submit(() -> projector.become(RUN, RunState.RUNNING));
            assertThatThrownBy(() -> call.get(700, TimeUnit.MILLISECONDS))
                    .isInstanceOf(TimeoutException.class);
            server.execute("alter database " + database() + " reset default_transaction_read_only");
            call.get();
        }
        assertThat(registry.runs().find(RUN).orElseThrow().status()).isEqualTo(RunState.RUNNING);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "08006", "25006", "40001", "40P01", "53200", "53300", "55P03", "57014", "57P01",
                "58030"
            })
    void whateverMayPassAfterAFailoverIsTriedAgain(String state) {
        EmbeddedDatabase.execute(
                address,
                """
                create sequence refusals;
                create function refused_twice() returns trigger language plpgsql as $$
                begin
                    if nextval('refusals') <= 2 then
                        raise exception 'not now' using errcode = '%s';
                    end if;
                    return new;
                end $$;
                create trigger refused_twice before insert on events
                    for each row execute function refused_twice();
                """
                        .formatted(state));
        assertThat(registry.events().append(RUN, "note", null, "x", Map.of(), null)).isOne();
    }

    @Test
    void noTextIsRefusedForACharacterInIt() {
        String text = "a\u0000b\ud800 \u001b[2J";
        String shown = "a\\u0000b\\ud800 \\u001b[2J";
        projector.become(RUN, RunState.FAILED, text, new Runs.Failure("DATA", text, text, text));
        registry.events().append(RUN, "note", null, text, Map.of("words", text), text);
        registry.audit().append(odd(text));
        registry.audit().append(odd(text));

        Runs.Run run = registry.runs().find(RUN).orElseThrow();
        assertThat(run.reason()).isEqualTo(shown);
        assertThat(run.failure()).isEqualTo(new Runs.Failure("DATA", shown, shown, shown));
        assertThat(registry.events().after(RUN, 0, 10))
                .extracting(Events.Event::message)
                .containsExactly(shown);
        assertThat(registry.audit().list("run/" + RUN, 10))
                .as("a row with a key is stored once")
                .extracting(Audit.Entry::reason)
                .containsExactly(shown);
        assertThat(registry.audit().verify().whole()).isTrue();
    }

    private static AuditRecord odd(String text) {
        return AuditRecord.of(new Actor(text, text, text, text), text, "run/" + RUN)
                .because(text)
                .changing(Map.of("a", text), Map.of(text, "b"))
                .with(Map.of("words", text))
                .once(text);
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
