package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Situation;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.storage.testing.EmbeddedDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/// A run of one training stage in a registry of its own, written as workflows and workers do, and
/// looked at by a clock that tests put forward.
abstract class RecordedRun {

    static final String RUN = "r";

    private static final double SECONDS_PER_STEP = 2.0;

    private static EmbeddedDatabase database;

    PostgresRegistry registry;
    private DatabaseAddress address;
    final Map<String, Instant> away = new HashMap<>();
    Instant clock = Instant.EPOCH;
    private Duration passed = Duration.ZERO;
    private long sequence;

    @BeforeAll
    static void startTheDatabase() {
        database = EmbeddedDatabase.start();
    }

    @AfterAll
    static void stopTheDatabase() {
        database.close();
    }

    @BeforeEach
    void aRunAtWork() {
        address = database.fresh();
        registry = PostgresRegistry.connect(address, Duration.ofSeconds(5));
        String plan =
                """
                apiVersion: tanren.dev/v1
                name: oncall
                seed: 17
                model:
                  architecture: {family: llama, vocabSize: 512, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 2, intermediateSize: 64}
                  tokenizer: file:./tokenizer.json
                datasets:
                  code: {sources: [{uri: "file:./corpus/code"}]}
                stages:
                  - id: adapt
                    type: pretrain
                    optimizer: {type: adamw, learningRate: 3e-4}
                    schedule: {type: warmup-stable-decay, warmup: 2%, decay: 20%, minimum: 10%}
                    precision: fp32
                    globalBatchTokens: 1024
                    microBatch: 4
                    parallelism: {data: 2}
                    phases:
                      - {id: short, sequenceLength: 128, tokens: 102400, mix: {code: 1.0}}
                    checkpoint: {everySteps: 20, keep: 3}
                """;
        registry.runs()
                .create(
                        new NewRun(
                                RUN,
                                "oncall",
                                Json.write(PlanReader.read(plan).planOrThrow()),
                                null,
                                "mei",
                                List.of(new NewStage("adapt", "pretrain", 100))));
        run(RunState.RUNNING, null, null);
        stage(StageState.RUNNING);
        passed = Duration.ZERO;
        clock = Instant.now();
    }

    @AfterEach
    void closeTheRegistry() {
        registry.close();
    }

    Situation situation() {
        clock = Instant.now().plus(passed);
        return new Situations(registry, () -> away, () -> clock)
                .of(registry.runs().find(RUN).orElseThrow());
    }

    void passes(Duration time) {
        passed = passed.plus(time);
        clock = clock.plus(time);
    }

    RunVersion next() {
        sequence++;
        return new RunVersion(1, sequence);
    }

    void run(RunState state, @Nullable String reason, Runs.@Nullable Failure failure) {
        registry.runs().project(RUN, next(), state, reason, failure);
        event("run." + state.key(), "the run is " + state.key(), Map.of());
    }

    void stage(StageState state) {
        registry.runs().projectStage(RUN, "adapt", next(), state);
    }

    void worker(String id) {
        Instant now = Instant.now();
        registry.workers()
                .announce(new Worker(id, "node", 1, "tanren", 8, 1, 0, "1", Worker.IDLE, now, now));
        seen(id);
    }

    /// The registry's clock does not go forward with that of the test.
    private void seen(String workerId) {
        try (Connection connection =
                        DriverManager.getConnection(
                                address.url(), address.user(), address.password());
                PreparedStatement update =
                        connection.prepareStatement(
                                "update workers set seen_at = ? where worker_id = ?")) {
            update.setObject(1, Instant.now().plus(passed).atOffset(ZoneOffset.UTC));
            update.setString(2, workerId);
            update.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Begun and started after a step; no worker has launched its ranks.
    Attempt begun(int attempt, long resumeStep) {
        Attempt begun =
                registry.attempts()
                        .begin(
                                new NewAttempt(
                                        RUN,
                                        1,
                                        "adapt",
                                        "short",
                                        "w-1",
                                        2,
                                        "request-" + attempt,
                                        registry.attempts().newestToken(RUN, "adapt")))
                        .orElseThrow();
        return registry.attempts().start(begun, resumeStep);
    }

    /// Begun, and its ranks launched on worker `w-1`.
    void begins(int attempt, long resumeStep) {
        Attempt begun = begun(attempt, resumeStep);
        worker("w-1");
        registry.attempts().launched(begun.fencingToken(), "w-1");
        event(
                "attempt.started",
                "attempt %d starts 2 ranks after step %d".formatted(attempt, resumeStep),
                Map.of("worker", "w-1", "ranks", 2, "resumeStep", resumeStep, "attempt", attempt));
    }

    long token(int attempt) {
        return registry.attempts().list(RUN).get(attempt - 1).fencingToken();
    }

    void ends(int attempt, String reason, ErrorCode code) {
        registry.attempts()
                .end(
                        token(attempt),
                        AttemptStatus.of(code.failureClass()),
                        reason,
                        code,
                        registry.attempts().list(RUN).get(attempt - 1).lastStep());
    }

    /// Steps of both ranks of the newest attempt.
    void steps(long from, long to) {
        for (long step = from; step <= to; step++) {
            step(0, step);
            step(1, step);
        }
    }

    void step(int rank, long step) {
        Attempt newest = registry.attempts().list(RUN).getLast();
        List<StepRow> rows = new ArrayList<>();
        rows.add(
                new StepRow(
                        step,
                        rank,
                        newest.attempt(),
                        "short",
                        false,
                        "hash",
                        Map.of("loss", 2.0, "tokens", 1024.0, "seconds.total", SECONDS_PER_STEP),
                        Instant.now().plus(passed)));
        registry.metrics().record(RUN, "adapt", newest.fencingToken(), rows);
        if (rank == 0) {
            registry.runs().setProgress(RUN, "adapt", newest.fencingToken(), "short", step);
        }
    }

    void saved(long step) {
        Attempt newest = registry.attempts().list(RUN).getLast();
        registry.checkpoints()
                .restore(
                        new NewCheckpoint(
                                RUN,
                                "adapt",
                                "short",
                                step,
                                newest.attempt(),
                                newest.fencingToken(),
                                "runs/r/adapt/checkpoints/" + step + "/manifest.json",
                                100,
                                "abc",
                                1.0));
    }

    void anomaly(int attempt, long step, List<Integer> samples, String message) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", step);
        data.put("samples", samples);
        data.put("attempt", attempt);
        event("anomaly.found", message, data);
    }

    void event(String type, String message, Map<String, Object> data) {
        registry.events()
                .append(RUN, type, type.startsWith("run.") ? null : "adapt", message, data, null);
    }
}
