package dev.tanren.storage.registry;

import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/// What the registry's tests share: one server a class, one empty database a test, one run in it.
abstract class RegistryTest {

    static final String RUN = "01run";
    static final String STAGE = "adapt";

    static EmbeddedDatabase server;
    DatabaseAddress address;
    PostgresRegistry registry;
    RunProjector projector;

    @BeforeAll
    static void startServer() {
        server = EmbeddedDatabase.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void connect() {
        address = server.fresh();
        registry = PostgresRegistry.connect(address);
        projector = new RunProjector(registry);
        registry.runs().create(run(RUN));
    }

    @AfterEach
    void disconnect() {
        registry.close();
    }

    static NewRun run(String id) {
        return new NewRun(
                id,
                "java-expert",
                "{\"name\":\"java-expert\"}",
                new PlanText("name: java-expert # mine\n", "application/yaml"),
                "mei",
                List.of(new NewStage(STAGE, "cpt", 40), new NewStage("release", "export", 0)));
    }

    Attempt begin(long resumeStep, String request) {
        return StartedAttempt.begin(
                registry, RUN, STAGE, "short", "worker-1", 2, resumeStep, request);
    }

    void record(Attempt attempt, long first, long last) {
        registry.metrics()
                .record(
                        RUN,
                        STAGE,
                        attempt.fencingToken(),
                        LongStream.rangeClosed(first, last)
                                .mapToObj(step -> step(attempt, step, 10.0 / step))
                                .toList());
    }

    static StepRow step(Attempt attempt, long step, double loss) {
        return new StepRow(
                step,
                0,
                attempt.attempt(),
                "short",
                false,
                "batch-" + step,
                Map.of("loss", loss, "tokens", 16_384.0),
                Instant.ofEpochSecond(1_000 + step));
    }

    List<StepRow> steps() {
        return registry.metrics().steps(RUN, STAGE, 0, 1_000);
    }
}
