package dev.tanren.activities.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.FailureClass;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Workers.Worker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlacementTest {

    private static final List<Worker> BOTH = List.of(worker("w1", "idle"), worker("w2", "idle"));

    private final List<Attempt> attempts = new ArrayList<>();

    @Test
    void theFirstAttemptGoesToAnyWorker() {
        assertThat(Placement.of(attempts, BOTH)).isNull();
    }

    @Test
    void afterOneCrashTheSameWorkerIsAskedFirst() {
        ended("w1", null);
        ended("w2", FailureClass.RANK_CRASHED);

        assertThat(Placement.of(attempts, BOTH)).isEqualTo("w2");
    }

    @Test
    void afterTwoCrashesInARowAnotherWorkerIsAskedFirst() {
        ended("w2", FailureClass.RANK_CRASHED);
        ended("w2", FailureClass.RANK_CRASHED);

        assertThat(Placement.of(attempts, BOTH)).isEqualTo("w1");
    }

    @Test
    void theOtherWorkerIsOneThatIsIdleWhereThereIsOne() {
        ended("w1", FailureClass.RANK_CRASHED);
        ended("w1", FailureClass.RANK_CRASHED);
        List<Worker> alive =
                List.of(worker("w1", "idle"), worker("w2", "GangTrain"), worker("w3", "idle"));

        assertThat(Placement.of(attempts, alive)).isEqualTo("w3");
    }

    @Test
    void anEndOfAnotherKindBetweenTwoCrashesBeginsTheCountAnew() {
        ended("w1", FailureClass.RANK_CRASHED);
        ended("w1", FailureClass.HUNG);
        ended("w1", FailureClass.RANK_CRASHED);

        assertThat(Placement.of(attempts, BOTH)).isEqualTo("w1");
    }

    @Test
    void aWorkerThatTheGangMovedToHasItsSecondChanceToo() {
        ended("w1", FailureClass.RANK_CRASHED);
        ended("w1", FailureClass.RANK_CRASHED);
        ended("w2", FailureClass.RANK_CRASHED);

        assertThat(Placement.of(attempts, BOTH)).isEqualTo("w2");
    }

    @Test
    void whatIsNoCrashGoesToAnyWorker() {
        for (FailureClass failure : FailureClass.values()) {
            if (failure != FailureClass.RANK_CRASHED) {
                ended("w1", failure);
                assertThat(Placement.of(attempts, BOTH)).as("%s", failure).isNull();
            }
        }
    }

    @Test
    void aWorkerThatIsGoneIsNotAskedAndAloneThereIsNoOther() {
        ended("w1", FailureClass.RANK_CRASHED);
        assertThat(Placement.of(attempts, List.of(worker("w2", "idle")))).isNull();

        ended("w1", FailureClass.RANK_CRASHED);
        assertThat(Placement.of(attempts, List.of(worker("w1", "idle")))).isNull();
    }

    private void ended(String worker, @Nullable FailureClass failure) {
        int attempt = attempts.size() + 1;
        attempts.add(
                new Attempt(
                        "run",
                        "adapt",
                        "short",
                        attempt,
                        attempt,
                        worker,
                        2,
                        0L,
                        5,
                        failure == null ? AttemptStatus.SUCCEEDED : AttemptStatus.FAILED,
                        null,
                        failure == null ? null : failure.name(),
                        null,
                        Instant.EPOCH,
                        null,
                        Instant.EPOCH));
    }

    private static Worker worker(String id, String activity) {
        return new Worker(
                id, "host", 1, "queue", 2, 1, 0, "1", activity, Instant.EPOCH, Instant.EPOCH);
    }
}
