package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FencingTest extends RegistryTest {

    @Test
    void aNewAttemptMakesEarlierOnesStale() {
        Attempt first = begin(0, "a");
        Attempt second = begin(10, "b");

        assertThat(second.fencingToken()).isGreaterThan(first.fencingToken());
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(registry.attempts().current(RUN, STAGE, first.fencingToken())).isFalse();
        assertThat(registry.attempts().current(RUN, STAGE, second.fencingToken())).isTrue();
        assertThat(registry.attempts().list(RUN))
                .extracting(Attempt::status)
                .containsExactly(AttemptStatus.SUPERSEDED, AttemptStatus.RUNNING);
    }

    @Test
    void theSameRequestBeginsOneAttempt() throws Exception {
        List<Callable<Attempt>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(() -> begin(0, "same"));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(threads.invokeAll(calls))
                    .extracting(Future::get)
                    .extracting(Attempt::fencingToken)
                    .containsOnly(registry.attempts().list(RUN).getFirst().fencingToken());
        }
        assertThat(registry.attempts().list(RUN)).hasSize(1);
    }

    @Test
    void anAttemptThatEndedByItselfKeepsItsReason() {
        Attempt first = begin(0, "a");
        registry.attempts()
                .end(
                        first.fencingToken(),
                        AttemptStatus.FAILED,
                        "killed",
                        ErrorCode.RANK_CRASHED,
                        7);
        begin(0, "b");

        Attempt ended = registry.attempts().list(RUN).getFirst();
        assertThat(ended.status()).isEqualTo(AttemptStatus.FAILED);
        assertThat(ended.failureClass()).isEqualTo("RANK_CRASHED");
        assertThat(ended.failureCode()).isEqualTo("RANK_CRASHED");
        assertThat(ended.lastStep()).isEqualTo(7);
    }

    @Test
    void aStepThatIsRolledBackIsMarkedAndNeverDoubled() {
        Attempt first = begin(0, "a");
        record(first, 1, 15);
        Attempt second = begin(10, "b");

        assertThat(steps()).hasSize(15);
        assertThat(steps())
                .filteredOn(StepRow::rolledBack)
                .extracting(StepRow::step)
                .containsExactly(11L, 12L, 13L, 14L, 15L);

        record(second, 11, 12);
        assertThat(steps()).hasSize(15);
        assertThat(steps())
                .filteredOn(StepRow::rolledBack)
                .extracting(StepRow::step)
                .containsExactly(13L, 14L, 15L);
        assertThat(steps().get(10).attempt()).isEqualTo(2);
        assertThat(registry.attempts().list(RUN).getLast().firstStepAt()).isNotNull();
        assertThat(registry.attempts().list(RUN).getLast().lastStep()).isEqualTo(12);
    }

    @Test
    void aStaleAttemptsFiguresReplaceNothing() {
        Attempt first = begin(0, "a");
        record(first, 1, 9);
        Attempt second = begin(10, "b");
        record(second, 11, 12);

        record(first, 9, 14);

        assertThat(steps()).extracting(StepRow::step).startsWith(1L).endsWith(14L).hasSize(14);
        assertThat(steps())
                .filteredOn(step -> step.attempt() == 2)
                .extracting(StepRow::step)
                .containsExactly(11L, 12L);
        assertThat(steps())
                .filteredOn(StepRow::rolledBack)
                .extracting(StepRow::step)
                .containsExactly(13L, 14L);
    }

    @Test
    void recordingTheSameFiguresTwiceChangesNothing() {
        Attempt attempt = begin(0, "a");
        record(attempt, 1, 5);
        List<StepRow> before = steps();
        record(attempt, 1, 5);
        assertThat(steps()).isEqualTo(before);
    }

    @Test
    void anEvaluationThatIsRolledBackIsNotShownUntilItIsMadeAgain() {
        Attempt first = begin(0, "a");
        evaluate(first, 10, 2.0);
        evaluate(first, 20, 1.0);
        Attempt second = begin(10, "b");
        assertThat(registry.metrics().evaluations(RUN, STAGE))
                .extracting(EvaluationRow::step)
                .containsExactly(10L);
        evaluate(first, 20, 9.0);
        evaluate(second, 20, 1.5);
        assertThat(registry.metrics().evaluations(RUN, STAGE))
                .extracting(EvaluationRow::loss)
                .containsExactly(2.0, 1.5);
    }

    private void evaluate(Attempt attempt, long step, double loss) {
        registry.metrics()
                .recordEvaluation(
                        RUN,
                        STAGE,
                        attempt.fencingToken(),
                        step,
                        Map.of("code", new EvaluationRow(step, "code", loss, Math.exp(loss), 100)));
    }

    @Test
    void thinnedStepsKeepEachBucketsSmallestAndLargestLoss() {
        Attempt attempt = begin(0, "a");
        List<StepRow> rows = new ArrayList<>();
        for (int step = 1; step <= 1_000; step++) {
            rows.add(step(attempt, step, step == 500 ? 99 : step == 700 ? -99 : 5));
        }
        registry.metrics().record(RUN, STAGE, attempt.fencingToken(), rows);

        List<StepRow> thinned = registry.metrics().steps(RUN, STAGE, 1, 40);
        assertThat(thinned).hasSizeBetween(20, 40);
        assertThat(thinned).extracting(StepRow::step).isSorted().contains(500L, 700L);
        assertThat(registry.metrics().steps(RUN, STAGE, 991, 40)).hasSize(10);
    }

    @Test
    void thinnedStepsKeepTheExtremesOfEverySeries() {
        Attempt attempt = begin(0, "a");
        List<StepRow> rows = new ArrayList<>();
        for (int step = 1; step <= 1_000; step++) {
            Map<String, Double> figures = new HashMap<>();
            figures.put("loss", 5 - step / 1000.0);
            figures.put("gradientNorm", step == 333 ? 70 : step == 334 ? Double.NaN : 1.0);
            figures.put("tokens", 4096.0);
            figures.put("seconds.total", step == 777 ? 30 : 1.0);
            figures.put("seconds.data", step == 555 ? 2 : 0.01);
            figures.put("mfu", step == 444 ? 0.01 : 0.4);
            StepRow plain = step(attempt, step, 0);
            rows.add(
                    new StepRow(
                            plain.step(),
                            plain.rank(),
                            plain.attempt(),
                            plain.phaseId(),
                            plain.rolledBack(),
                            plain.batchHash(),
                            figures,
                            plain.at()));
        }
        registry.metrics().record(RUN, STAGE, attempt.fencingToken(), rows);

        assertThat(registry.metrics().steps(RUN, STAGE, 1, 100))
                .hasSizeLessThanOrEqualTo(100)
                .extracting(StepRow::step)
                .isSorted()
                .contains(1L, 333L, 444L, 555L, 777L, 1000L);
        assertThat(registry.metrics().steps(RUN, STAGE, 1, 5))
                .hasSizeLessThanOrEqualTo(5)
                .extracting(StepRow::step)
                .contains(1L, 333L, 1000L);
        assertThat(registry.metrics().trend(RUN, STAGE, "seconds.data", 7))
                .hasSizeLessThanOrEqualTo(7)
                .extracting(StepRow::step)
                .contains(555L, 1000L);
    }

    @Test
    void stepsAreGivenOutOneByOneWithoutThoseThatWereUndone() {
        Attempt first = begin(0, "a");
        List<StepRow> rows = new ArrayList<>();
        for (int step = 1; step <= 500; step++) {
            rows.add(step(first, step, 5));
        }
        registry.metrics().record(RUN, STAGE, first.fencingToken(), rows);
        assertThat(registry.metrics().stepsFrom(RUN, STAGE, 101, 200))
                .extracting(StepRow::step)
                .containsExactlyElementsOf(LongStream.rangeClosed(101, 300).boxed().toList());

        begin(450, "b");
        assertThat(registry.metrics().stepsFrom(RUN, STAGE, 400, 200))
                .extracting(StepRow::step)
                .containsExactlyElementsOf(LongStream.rangeClosed(400, 450).boxed().toList());
    }

    @Test
    void thinnedStepsEndWithTheNewestHoweverFewAreAskedFor() {
        Attempt attempt = begin(0, "a");
        List<StepRow> rows = new ArrayList<>();
        for (int step = 1; step <= 100; step++) {
            rows.add(step(attempt, step, step == 99 ? -1 : step == 98 ? 9 : 5));
        }
        registry.metrics().record(RUN, STAGE, attempt.fencingToken(), rows);

        for (int points = 1; points <= 40; points++) {
            assertThat(registry.metrics().steps(RUN, STAGE, 1, points))
                    .as("%d points", points)
                    .hasSizeLessThanOrEqualTo(points)
                    .extracting(StepRow::step)
                    .isSorted()
                    .endsWith(100L);
        }
        assertThat(registry.metrics().steps(RUN, STAGE, 1, 3))
                .extracting(StepRow::step)
                .containsExactly(98L, 99L, 100L);
    }

    @Test
    void aCheckpointIsSeenOnlyWhenItIsCommitted() {
        Attempt attempt = begin(0, "a");
        assertThat(registry.checkpoints().prepare(checkpoint(attempt, 10))).isTrue();
        assertThat(registry.checkpoints().list(RUN, STAGE)).isEmpty();
        assertThat(registry.checkpoints().find(RUN, STAGE, 10)).isEmpty();

        registry.checkpoints().commit(RUN, STAGE, 10, attempt.fencingToken());
        registry.checkpoints().commit(RUN, STAGE, 10, attempt.fencingToken());
        assertThat(registry.checkpoints().list(RUN, STAGE)).hasSize(1);
        assertThat(registry.checkpoints().prepare(checkpoint(attempt, 10))).isFalse();
    }

    @Test
    void aStaleAttemptCannotPrepareOrCommit() {
        Attempt first = begin(0, "a");
        registry.checkpoints().prepare(checkpoint(first, 10));
        begin(0, "b");

        assertThatThrownBy(
                        () -> registry.checkpoints().commit(RUN, STAGE, 10, first.fencingToken()))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT));
        assertThatThrownBy(() -> registry.checkpoints().prepare(checkpoint(first, 20)))
                .isInstanceOf(TanrenException.class);
        assertThat(registry.checkpoints().list(RUN, STAGE)).isEmpty();
    }

    @Test
    void aNewerAttemptTakesOverAPreparedStep() {
        Attempt first = begin(0, "a");
        registry.checkpoints().prepare(checkpoint(first, 10));
        Attempt second = begin(0, "b");
        assertThat(registry.checkpoints().prepare(checkpoint(second, 10))).isTrue();
        registry.checkpoints().commit(RUN, STAGE, 10, second.fencingToken());
        assertThat(registry.checkpoints().find(RUN, STAGE, 10).orElseThrow().attempt())
                .isEqualTo(2);
    }

    @Test
    void aQuarantinedCheckpointIsNotOfferedAndCanBeWrittenAnew() {
        Attempt first = begin(0, "a");
        registry.checkpoints().prepare(checkpoint(first, 10));
        registry.checkpoints().commit(RUN, STAGE, 10, first.fencingToken());
        registry.checkpoints().verified(row(10), Actor.program("test"));
        assertThat(
                        registry.checkpoints()
                                .quarantine(row(10), "shard 0 is corrupt", Actor.program("test")))
                .isTrue();

        assertThat(registry.checkpoints().list(RUN, STAGE)).isEmpty();
        assertThat(registry.checkpoints().list(RUN)).hasSize(1);
        assertThat(registry.checkpoints().find(RUN, STAGE, 10).orElseThrow().quarantined())
                .isEqualTo("shard 0 is corrupt");

        Attempt second = begin(0, "b");
        assertThat(registry.checkpoints().prepare(checkpoint(second, 10))).isTrue();
        registry.checkpoints().commit(RUN, STAGE, 10, second.fencingToken());
        assertThat(registry.checkpoints().list(RUN, STAGE)).hasSize(1);
    }

    @Test
    void aCheckpointIsRestoredFromItsManifestOnce() {
        Attempt attempt = begin(0, "a");
        registry.checkpoints().restore(checkpoint(attempt, 10));
        registry.checkpoints().quarantine(row(10), "bad", Actor.program("test"));
        registry.checkpoints().restore(checkpoint(attempt, 10));
        assertThat(registry.checkpoints().list(RUN)).hasSize(1);
        assertThat(registry.checkpoints().list(RUN, STAGE)).isEmpty();
        registry.checkpoints().remove(row(10), attempt.fencingToken());
        assertThat(registry.checkpoints().list(RUN)).isEmpty();
    }

    @Test
    void ofAttemptsThatRaceForAStepExactlyOneCommitsItAndNoStaleOneAnother() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the race: " + seed);
        Random random = new Random(seed);
        List<Callable<Optional<Attempt>>> racers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            String request = "racer-" + i;
            int delay = random.nextInt(100);
            racers.add(
                    () -> {
                        Thread.sleep(delay);
                        Optional<Attempt> attempt = beginAgainUntilInTime(request);
                        return attempt.filter(begun -> commits(begun, 1));
                    });
        }
        List<Attempt> winners = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Optional<Attempt>> racer : threads.invokeAll(racers)) {
                racer.get().ifPresent(winners::add);
            }
        }

        assertThat(winners).hasSize(1);
        assertThat(row(1).fencingToken()).isEqualTo(winners.getFirst().fencingToken());
        List<Attempt> attempts = registry.attempts().list(RUN);
        assertThat(attempts)
                .extracting(Attempt::attempt)
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
        assertThat(attempts)
                .filteredOn(attempt -> attempt.status() == AttemptStatus.RUNNING)
                .containsExactly(attempts.getLast());
        assertThat(attempts).filteredOn(attempt -> commits(attempt, 2)).hasSize(1);
        assertThat(row(2).fencingToken()).isEqualTo(attempts.getLast().fencingToken());
    }

    private boolean commits(Attempt attempt, long step) {
        try {
            registry.checkpoints().prepare(checkpoint(attempt, step));
            registry.checkpoints().commit(RUN, STAGE, step, attempt.fencingToken());
            return true;
        } catch (TanrenException stale) {
            assertThat(stale.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
            return false;
        }
    }

    /// As a worker that was stopped between its look and its insert, and went on later.
    @Test
    void anAttemptThatComesLaterThanAnotherFencesItNotOff() {
        long seen = registry.attempts().newestToken(RUN, STAGE);
        Attempt successor = begin(0, "successor");

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(
                        () ->
                                registry.attempts()
                                        .begin(
                                                new Attempts.NewAttempt(
                                                        RUN, 1, STAGE, "short", "w", 2, "late",
                                                        seen)))
                .matches(error -> error.code() == ErrorCode.RANK_PREEMPTED);

        assertThat(registry.attempts().newestToken(RUN, STAGE)).isEqualTo(successor.fencingToken());
        registry.checkpoints().prepare(checkpoint(successor, 1));
        registry.checkpoints().commit(RUN, STAGE, 1, successor.fencingToken());
    }

    /// Each refusal means that another has begun, so this ends.
    ///
    /// @return empty where the attempt was overtaken between its row and its starting point
    private Optional<Attempt> beginAgainUntilInTime(String request) {
        while (true) {
            try {
                return Optional.of(begin(0, request));
            } catch (TanrenException refused) {
                if (refused.code() == ErrorCode.CHECKPOINT_STALE_ATTEMPT) {
                    return Optional.empty();
                }
                assertThat(refused.code()).isEqualTo(ErrorCode.RANK_PREEMPTED);
            }
        }
    }

    private Checkpoints.Row row(long step) {
        return registry.checkpoints().find(RUN, STAGE, step).orElseThrow();
    }

    private static NewCheckpoint checkpoint(Attempt attempt, long step) {
        return new NewCheckpoint(
                RUN,
                STAGE,
                "short",
                step,
                attempt.attempt(),
                attempt.fencingToken(),
                "runs/" + RUN + "/" + STAGE + "/checkpoints/" + step + "/manifest.json",
                1_000,
                "abc",
                2.5);
    }
}
