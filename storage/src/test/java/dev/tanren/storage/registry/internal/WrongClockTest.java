package dev.tanren.storage.registry.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Workers whose clocks are ahead of the database's, or behind it.
class WrongClockTest {

    private static final String RUN = "01run";
    private static final String STAGE = "adapt";

    /// Of the two clocks, where they agree.
    private static final Duration SLACK = Duration.ofSeconds(2);

    private static EmbeddedDatabase server;

    @BeforeAll
    static void start() {
        server = EmbeddedDatabase.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {-600, 0, 600})
    void stepsAreToldOfByTheClockOfTheDatabase(long seconds) {
        InstantSource own =
                InstantSource.offset(InstantSource.system(), Duration.ofSeconds(seconds));
        DatabaseAddress address = server.fresh();
        try (PostgresRegistry registry = PostgresRegistry.connect(address);
                Database database = new Database(address, Duration.ofSeconds(20))) {
            Attempt attempt = begin(registry);
            Instant before = Instant.now();
            new PostgresMetrics(database, own)
                    .record(
                            RUN,
                            STAGE,
                            attempt.fencingToken(),
                            List.of(
                                    step(1, own.instant().minusSeconds(30)),
                                    step(2, own.instant())));
            Instant after = Instant.now();

            List<StepRow> steps = registry.metrics().steps(RUN, STAGE, 0, 10);

            assertThat(steps.getLast().at()).isBetween(before.minus(SLACK), after.plus(SLACK));
            assertThat(Duration.between(steps.getFirst().at(), steps.getLast().at()))
                    .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(31));
            assertThat(registry.metrics().lastSteps(RUN, STAGE, 1).getFirst().at())
                    .isEqualTo(steps.getLast().at());
            assertThat(registry.attempts().list(RUN).getFirst().firstStepAt())
                    .isEqualTo(steps.getFirst().at());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-600, 600})
    void aWorkerHasStartedByTheClockOfTheDatabase(long seconds) {
        InstantSource own =
                InstantSource.offset(InstantSource.system(), Duration.ofSeconds(seconds));
        DatabaseAddress address = server.fresh();
        try (PostgresRegistry registry = PostgresRegistry.connect(address);
                Database database = new Database(address, Duration.ofSeconds(20))) {
            Instant before = Instant.now();
            Instant started = own.instant();
            new PostgresWorkers(database, own)
                    .announce(
                            new Worker(
                                    "worker-1",
                                    "host",
                                    7,
                                    "tanren",
                                    2,
                                    1,
                                    0,
                                    "1",
                                    "idle",
                                    started,
                                    started));
            Instant after = Instant.now();

            Worker worker = registry.workers().list().getFirst();

            assertThat(List.of(worker.startedAt(), worker.seenAt()))
                    .allSatisfy(
                            at -> assertThat(at).isBetween(before.minus(SLACK), after.plus(SLACK)));
        }
    }

    private static Attempt begin(PostgresRegistry registry) {
        registry.runs()
                .create(
                        new NewRun(
                                RUN,
                                "java-expert",
                                "{}",
                                null,
                                "mei",
                                List.of(new NewStage(STAGE, "cpt", 40))));
        return StartedAttempt.begin(registry, RUN, STAGE, "short", "worker-1", 1, 0, "first");
    }

    private static StepRow step(long step, Instant at) {
        return new StepRow(step, 0, 1, "short", false, "batch", Map.of("loss", 1.0), at);
    }
}
