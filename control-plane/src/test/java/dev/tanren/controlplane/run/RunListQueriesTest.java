package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.api.RunSummary;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Filter;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What lists of runs cost the database.
class RunListQueriesTest {

    private static final Caller CALLER = new Caller("t", "viewer", Role.VIEWER);

    private final List<String> statements = Collections.synchronizedList(new ArrayList<>());
    private EmbeddedDatabase database;
    private PostgresRegistry registry;

    @BeforeEach
    void starts() {
        database = EmbeddedDatabase.start();
        registry =
                PostgresRegistry.connect(database.fresh(), Duration.ofSeconds(30), statements::add);
    }

    @AfterEach
    void stops() {
        registry.close();
        database.close();
    }

    @Test
    void fiftyRunsTakeAsManyQueriesAsOne() {
        record(1);
        List<String> forOne = statementsOf(1);
        record(49);
        List<String> forFifty = statementsOf(50);

        assertThat(forFifty).hasSameSizeAs(forOne).hasSizeLessThanOrEqualTo(5);
    }

    private List<String> statementsOf(int expected) {
        statements.clear();
        List<RunSummary> rows =
                new RunSummaries(registry).of(registry.runs().list(Filter.ALL, null, 200), CALLER);
        assertThat(rows).hasSize(expected);
        return List.copyOf(statements);
    }

    @Test
    void everyRunOfAListHasItsOwnFigures() {
        record(3);
        List<RunSummary> rows =
                new RunSummaries(registry).of(registry.runs().list(Filter.ALL, null, 200), CALLER);

        assertThat(rows).extracting(RunSummary::name).containsExactly("run-3", "run-2", "run-1");
        assertThat(rows).extracting(RunSummary::loss).containsExactly(3.0, 2.0, 1.0);
        assertThat(rows).extracting(RunSummary::step).containsExactly(3L, 2L, 1L);
        assertThat(rows).extracting(RunSummary::tokensPerSecond).containsOnly(2048.0);
        assertThat(rows.getFirst().lossTrend()).containsExactly(3.0, 3.0, 3.0);
        assertThat(rows.getLast().lossTrend()).containsExactly(1.0);
        assertThat(rows).extracting(RunSummary::attempts).containsOnly(1);
        assertThat(rows).extracting(RunSummary::stageCount).containsOnly(2);
    }

    @Test
    void aRunOfAListSaysWhatItsNewestAttemptWaitsFor() {
        record(2);
        Run newest = registry.runs().list(Filter.ALL, null, 1).getFirst();
        long token = registry.attempts().list(newest.runId()).getLast().fencingToken();
        registry.attempts().waits(token, "waits for 2.00 GiB of memory");

        List<RunSummary> rows =
                new RunSummaries(registry).of(registry.runs().list(Filter.ALL, null, 200), CALLER);

        assertThat(rows)
                .extracting(RunSummary::reason)
                .containsExactly("waits for 2.00 GiB of memory", null);
    }

    /// The n-th has n steps, each with the loss n.
    private void record(int runs) {
        int before = registry.runs().list(Filter.ALL, null, 200).size();
        for (int n = before + 1; n <= before + runs; n++) {
            String id = SortableIds.next();
            registry.runs()
                    .create(
                            new NewRun(
                                    id,
                                    "run-" + n,
                                    "{}",
                                    null,
                                    "mei",
                                    List.of(
                                            new NewStage("adapt", "pretrain", 100),
                                            new NewStage("release", "export", 0))));
            RunProjector projector = new RunProjector(registry);
            projector.become(id, RunState.RUNNING);
            Attempt attempt = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 0, "r");
            projector.become(id, "adapt", StageState.RUNNING);
            List<StepRow> steps = new ArrayList<>();
            for (long step = 1; step <= n; step++) {
                steps.add(
                        new StepRow(
                                step,
                                0,
                                1,
                                "short",
                                false,
                                "hash",
                                Map.of("loss", (double) n, "tokens", 1024.0, "seconds.total", 0.5),
                                Instant.now()));
            }
            registry.metrics().record(id, "adapt", attempt.fencingToken(), steps);
            registry.runs().setProgress(id, "adapt", attempt.fencingToken(), "short", n);
        }
    }

    @Test
    void runsAreCountedByStateInOneQuery() {
        record(3);
        statements.clear();
        assertThat(registry.runs().counts()).isEqualTo(Map.of(RunState.RUNNING, 3L));
        assertThat(statements).hasSize(1);
    }
}
