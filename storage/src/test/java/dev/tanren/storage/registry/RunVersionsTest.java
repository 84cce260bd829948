package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Runs.Projected;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// A writer that was stopped and goes on later changes nothing that was recorded meanwhile.
class RunVersionsTest extends RegistryTest {

    @Test
    void aStateThatComesAfterANewerOneChangesNothing() {
        project(1, 1, RunState.RUNNING);
        assertThat(project(1, 3, RunState.SUCCEEDED)).isEqualTo(Projected.NOW);

        assertThat(project(1, 2, RunState.RUNNING)).isEqualTo(Projected.LATE);
        assertThat(project(1, 3, RunState.SUCCEEDED)).isEqualTo(Projected.BEFORE);

        Run run = run();
        assertThat(run.status()).isEqualTo(RunState.SUCCEEDED);
        assertThat(run.version()).isEqualTo(new RunVersion(1, 3));
        assertThat(run.finishedAt()).isNotNull();
    }

    @Test
    void whatTheExecutionBeforeARetryStillWritesChangesNothing() {
        project(1, 7, RunState.FAILED);
        projectStage(1, 6, StageState.FAILED);

        assertThat(registry.runs().beginExecution(RUN, 1, "once more"))
                .isEqualTo(OptionalLong.of(2));

        assertThat(project(1, 8, RunState.FAILED)).isEqualTo(Projected.LATE);
        assertThat(projectStage(1, 9, StageState.RUNNING)).isEqualTo(Projected.LATE);
        assertThat(stage().status()).isEqualTo(StageState.FAILED);
        assertThat(run().status()).isEqualTo(RunState.QUEUED);
        assertThat(run().reason()).isEqualTo("once more");
        assertThat(run().finishedAt()).isNull();
        assertThat(project(2, 1, RunState.RUNNING)).isEqualTo(Projected.NOW);
        assertThat(projectStage(2, 2, StageState.RUNNING)).isEqualTo(Projected.NOW);
        assertThat(run().currentStage()).isEqualTo(STAGE);
    }

    @Test
    void ofManyRetriesAtOnceOneBeginsAnExecution() throws Exception {
        project(1, 1, RunState.FAILED);

        List<OptionalLong> begun =
                atOnce(Collections.nCopies(8, () -> registry.runs().beginExecution(RUN, 1, "x")));

        assertThat(begun).containsOnly(OptionalLong.of(2));
        assertThat(run().version()).isEqualTo(new RunVersion(2, 0));
        assertThat(registry.runs().beginExecution(RUN, 2, "y"))
                .as("a queued run is not tried again")
                .isEmpty();
    }

    @Test
    void inWhateverOrderProjectionsArriveTheNewestOneStays() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        List<Callable<Projected>> calls = new ArrayList<>();
        for (int execution = 1; execution <= 3; execution++) {
            for (int sequence = 1; sequence <= 20; sequence++) {
                RunVersion version = new RunVersion(execution, sequence);
                boolean last = version.equals(new RunVersion(3, 20));
                calls.add(
                        () ->
                                registry.runs()
                                        .project(
                                                RUN,
                                                version,
                                                last ? RunState.SUCCEEDED : RunState.RUNNING,
                                                version.toString(),
                                                null));
            }
        }
        Collections.shuffle(calls, new Random(seed));

        assertThat(atOnce(calls)).contains(Projected.LATE);

        assertThat(run().status()).isEqualTo(RunState.SUCCEEDED);
        assertThat(run().reason()).isEqualTo(new RunVersion(3, 20).toString());
    }

    @Test
    void anEndThatTheWorkflowCouldNotRecordIsRecordedOnceAndForAll() {
        project(1, 1, RunState.RUNNING);
        projectStage(1, 2, StageState.RUNNING);
        Run seen = run();
        project(1, 3, RunState.PAUSING);
        assertThat(registry.runs().reconcile(seen, RunState.FAILED, "terminated", null))
                .as("the workflow has written since")
                .isFalse();

        assertThat(registry.runs().reconcile(run(), RunState.FAILED, "terminated", null)).isTrue();

        assertThat(run().status()).isEqualTo(RunState.FAILED);
        assertThat(registry.runs().stages(RUN))
                .extracting(StageRow::status)
                .containsExactly(StageState.FAILED, StageState.SKIPPED);
        assertThat(project(1, 4, RunState.RUNNING)).isEqualTo(Projected.LATE);
        assertThat(registry.runs().reconcile(run(), RunState.CANCELLED, "again", null)).isFalse();
        assertThat(registry.runs().beginExecution(RUN, 1, "once more")).hasValue(2);
        assertThat(project(2, 1, RunState.RUNNING)).isEqualTo(Projected.NOW);
        assertThat(projectStage(2, 2, StageState.QUEUED)).isEqualTo(Projected.NOW);
    }

    @Test
    void whatIsDoneExclusivelyIsNotDoneByAnotherAtTheSameTime() {
        try (PostgresRegistry other = PostgresRegistry.connect(address)) {
            AtomicInteger done = new AtomicInteger();
            boolean mine =
                    registry.exclusively(
                            "work",
                            () -> {
                                done.incrementAndGet();
                                assertThat(other.exclusively("work", done::incrementAndGet))
                                        .isFalse();
                                assertThat(other.exclusively("other", done::incrementAndGet))
                                        .isTrue();
                            });
            assertThat(mine).isTrue();
            assertThat(done).hasValue(2);
            assertThat(other.exclusively("work", done::incrementAndGet)).isTrue();
        }
    }

    @Test
    void progressOfAStaleAttemptOrOfAnEarlierStepIsRefused() {
        Attempt first = begin(0, "a");
        progress(first, 12);
        progress(first, 11);
        assertThat(stage().step()).isEqualTo(12);

        Attempt second = begin(10, "b");
        progress(first, 13);
        assertThat(stage().step()).isEqualTo(12);
        progress(second, 11);
        assertThat(stage().step()).isEqualTo(11);
    }

    @Test
    void aQueuedRunIsExplainedUntilItsWorkflowBegins() {
        registry.runs().explainQueued(RUN, 1, "Temporal is away");
        assertThat(run().reason()).isEqualTo("Temporal is away");
        project(1, 1, RunState.RUNNING);
        registry.runs().explainQueued(RUN, 1, "Temporal is away");
        assertThat(run().reason()).isNull();
    }

    @Test
    void openRunsAreThoseInWhichSomethingMayStillHappen() {
        for (String id : List.of("02", "03")) {
            registry.runs().create(run(id));
        }
        projector.become("02", RunState.CANCELLED);
        projector.become("03", RunState.PAUSED);

        assertThat(registry.runs().open(Duration.ZERO))
                .extracting(Run::runId)
                .containsExactly(RUN, "03");
        assertThat(registry.runs().open(Duration.ofHours(1))).isEmpty();
    }

    private Projected project(long execution, long sequence, RunState state) {
        return registry.runs().project(RUN, new RunVersion(execution, sequence), state, null, null);
    }

    private Projected projectStage(long execution, long sequence, StageState state) {
        return registry.runs().projectStage(RUN, STAGE, new RunVersion(execution, sequence), state);
    }

    private void progress(Attempt attempt, long step) {
        registry.runs().setProgress(RUN, STAGE, attempt.fencingToken(), "short", step);
    }

    private Run run() {
        return registry.runs().find(RUN).orElseThrow();
    }

    private StageRow stage() {
        return registry.runs().stages(RUN).getFirst();
    }

    private static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<T> answers = new ArrayList<>();
            for (Future<T> answer : threads.invokeAll(calls)) {
                answers.add(answer.get());
            }
            return answers;
        }
    }
}
