package dev.tanren.controlplane.run;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.SmallCheckpoints;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;

/// What the tests of runs share: callers of two roles, and what workers would record.
abstract class RunApiTest extends ApiTest {

    String viewer;
    String operator;

    @BeforeEach
    void tokens() {
        viewer = token(Role.VIEWER);
        operator = token(Role.OPERATOR);
    }

    Attempt begin(String id, long step) {
        return StartedAttempt.begin(
                registry, id, "adapt", "short", "w", 2, step, "request-" + step);
    }

    void record(String id, Attempt attempt, long from, long to) {
        List<StepRow> rows = new ArrayList<>();
        for (long step = from; step <= to; step++) {
            rows.add(
                    new StepRow(
                            step,
                            0,
                            attempt.attempt(),
                            "short",
                            false,
                            "hash",
                            Map.of(
                                    "loss",
                                    5.0 / step,
                                    "tokens",
                                    1024.0,
                                    "gradientNorm",
                                    Double.NaN,
                                    "seconds.total",
                                    0.5),
                            Instant.now()));
        }
        registry.metrics().record(id, "adapt", attempt.fencingToken(), rows);
        registry.metrics()
                .recordEvaluation(
                        id,
                        "adapt",
                        attempt.fencingToken(),
                        1,
                        Map.of("code", new EvaluationRow(1, "code", 2.0, Math.exp(2), 100)));
    }

    /// A whole checkpoint, in the store and the registry.
    Committed saved(Attempt attempt, long step) {
        return new ObjectCheckpointStore(store, registry)
                .commit(SmallCheckpoints.save(store, attempt, step, "short"));
    }

    void checkpoint(String id, Attempt attempt, long step) {
        registry.checkpoints()
                .restore(
                        new NewCheckpoint(
                                id,
                                "adapt",
                                "short",
                                step,
                                attempt.attempt(),
                                attempt.fencingToken(),
                                "runs/" + id + "/adapt/checkpoints/none/manifest.json",
                                100,
                                "abc",
                                1.0));
    }
}
