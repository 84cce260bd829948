package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.api.RunDetail.AttemptView;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.storage.testing.StartedAttempt;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What counts as a recovery: the time from a failure to the next finished step, in which nobody
/// was asked for anything.
@QuarkusTest
class AttemptViewsTest extends ApiTest {

    private String run;

    @BeforeEach
    void aRunOfOneStage() {
        run = recordedRun("recovers");
    }

    @Test
    void aCrashIsRecoveredFromWithTheNextFinishedStep() {
        end(begin(0), AttemptStatus.FAILED, ErrorCode.RANK_CRASHED);
        step(begin(5), 6);

        assertThat(recoveries()).hasSize(2);
        assertThat(recoveries().getFirst()).isNull();
        assertThat(recoveries().getLast()).isNotNegative();
    }

    @Test
    void aWorkerThatWasNotHeardOfIsRecoveredFrom() {
        begin(0);
        step(begin(5), 6);

        assertThat(recoveries().getLast()).isNotNegative();
    }

    @Test
    void anAttemptThatHasFinishedNoStepHasNotRecovered() {
        end(begin(0), AttemptStatus.FAILED, ErrorCode.RANK_CRASHED);
        begin(5);

        assertThat(recoveries()).containsOnlyNulls();
    }

    @Test
    void theTimeOfAPauseIsNoRecovery() {
        end(begin(0), AttemptStatus.PAUSED, null);
        event("run.paused");
        step(begin(7), 8);

        assertThat(recoveries()).containsOnlyNulls();
    }

    @Test
    void neitherIsTheTimeOfACancellationOrAFinishedPhase() {
        end(begin(0), AttemptStatus.CANCELLED, null);
        end(step(begin(7), 8), AttemptStatus.SUCCEEDED, null);
        step(begin(8), 9);

        assertThat(recoveries()).containsOnlyNulls();
    }

    @Test
    void aFailureThatWaitedForAPersonIsNotRecoveredFrom() {
        end(begin(0), AttemptStatus.FAILED, ErrorCode.RANK_OUT_OF_MEMORY);
        step(begin(7), 8);

        assertThat(recoveries()).containsOnlyNulls();
    }

    @Test
    void aCrashAfterWhichTheRunStoodStillIsNotRecoveredFrom() {
        for (String standstill : List.of("run.failed", "run.paused", "run.cancelled")) {
            end(begin(0), AttemptStatus.FAILED, ErrorCode.RANK_CRASHED);
            event(standstill);
            event("run.started");
            step(begin(7), 8);
        }

        assertThat(recoveries()).containsOnlyNulls();
    }

    @Test
    void afterAnOrderlyStopTheTimeWithoutAnyWorkerIsNoRecovery() {
        end(begin(0), AttemptStatus.PREEMPTED, ErrorCode.RANK_PREEMPTED);
        step(begin(7), 8);
        Instant firstStep = Objects.requireNonNull(attempts().getLast().firstStepAt());

        worker(firstStep);

        assertThat(recoveries()).containsExactly(null, 0.0);
    }

    @Test
    void aPreemptedAttemptThatAnotherWorkerTakesOverIsRecoveredFrom() {
        end(begin(0), AttemptStatus.PREEMPTED, ErrorCode.RANK_PREEMPTED);
        step(begin(7), 8);

        worker(Instant.EPOCH);

        assertThat(recoveries()).containsExactly(null, secondsBetweenEndAndStep());
    }

    @Test
    void theTimeWithoutAnyWorkerAfterACrashIsRecovery() {
        end(begin(0), AttemptStatus.FAILED, ErrorCode.RANK_CRASHED);
        step(begin(7), 8);
        Instant firstStep = Objects.requireNonNull(attempts().getLast().firstStepAt());

        worker(firstStep);

        assertThat(recoveries()).containsExactly(null, secondsBetweenEndAndStep());
    }

    private double secondsBetweenEndAndStep() {
        Instant ended = Objects.requireNonNull(attempts().getFirst().endedAt());
        Instant step = Objects.requireNonNull(attempts().getLast().firstStepAt());
        return Duration.between(ended, step).toMillis() / 1000.0;
    }

    private List<Attempt> attempts() {
        return registry.attempts().list(run);
    }

    private void worker(Instant startedAt) {
        registry.workers()
                .announce(
                        new Worker(
                                SortableIds.next(),
                                "host",
                                1,
                                "queue",
                                2,
                                1,
                                0,
                                "test",
                                Worker.IDLE,
                                startedAt,
                                startedAt));
    }

    private List<@Nullable Double> recoveries() {
        return AttemptViews.of(attempts(), registry, run).stream()
                .map(AttemptView::recoverySeconds)
                .toList();
    }

    private Attempt begin(long step) {
        return StartedAttempt.begin(
                registry, run, "adapt", "short", "w", 2, step, SortableIds.next());
    }

    private void end(Attempt attempt, AttemptStatus status, @Nullable ErrorCode error) {
        registry.attempts()
                .end(attempt.fencingToken(), status, "scripted", error, attempt.lastStep());
    }

    private Attempt step(Attempt attempt, long step) {
        registry.metrics()
                .record(
                        run,
                        "adapt",
                        attempt.fencingToken(),
                        List.of(
                                new StepRow(
                                        step,
                                        0,
                                        attempt.attempt(),
                                        "short",
                                        false,
                                        "hash",
                                        Map.of("loss", 2.0),
                                        Instant.now())));
        return attempt;
    }

    private void event(String type) {
        registry.events().append(run, type, null, type, Map.of(), null);
    }
}
