package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.storage.checkpoint.CheckpointStore.Collected;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints.Row;
import dev.tanren.storage.testing.SmallCheckpoints;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CollectTest extends CheckpointTest {

    @Test
    void theNewestAndTheLastOfEachPhaseStay() {
        Attempt attempt = begin();
        for (long step = 1; step <= 8; step++) {
            checkpoints.commit(save(attempt, step, step <= 3 ? "short" : "long"));
        }
        collect(2);
        assertThat(committedSteps()).containsExactly(8L, 7L, 3L);
        assertThat(keys()).hasSize(3 * 4);
        registry.checkpoints().list(RUN, STAGE).forEach(row -> assertThat(problems(row)).isEmpty());
    }

    @Test
    void whatDeadAttemptsLeftGoesAndWhatACurrentOneSavesStays() {
        Attempt dead = begin();
        FailingStore failing = new FailingStore(objects, 3, true);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(save(failing, dead, 5, "short")));
        Attempt second = begin();
        Committed committed = checkpoints.commit(save(second, 5, "short"));
        save(second, 10, "short");
        Attempt current = begin();
        save(current, 15, "short");
        assertThat(keys()).hasSize(3 + 4 + 2 + 2);

        collect(3);
        assertThat(keys())
                .hasSize(4 + 2)
                .noneMatch(key -> key.contains(token(dead)))
                .noneMatch(key -> key.contains("0000000010/"));

        checkpoints.commit(save(current, 20, "short"));
        collect(3);
        assertThat(keys()).anyMatch(key -> key.contains("0000000015/"));
        assertThat(checkpoints.verify(committed.manifest())).isEmpty();
    }

    @Test
    void uploadsThatKilledProcessesLeftGoAndThoseUnderWayStay() {
        Attempt dead = begin();
        Attempt current = begin();
        checkpoints.commit(save(current, 10, "short"));
        String abandoned = shardKey(dead, 5);
        beginUpload(abandoned);
        String underWay = shardKey(current, 15);
        beginUpload(underWay);
        assertThat(uploads()).containsExactlyInAnyOrder(abandoned, underWay);

        collect(3);

        assertThat(uploads()).containsExactly(underWay);
        objects.abort(objects.incompleteUploads("runs/").getFirst());
        assertThat(uploads()).isEmpty();
    }

    /// As the newest attempt does after its commits.
    private Collected collect(int keep) {
        return checkpoints.collect(RUN, STAGE, keep, registry.attempts().newestToken(RUN, STAGE));
    }

    @Test
    void collectKilledAnywhereLeavesNoRowThatNamesWhatIsGone() {
        for (int write = 1; write <= 6; write++) {
            Attempt attempt = begin();
            long first = write * 10L;
            LongStream.range(first, first + 3)
                    .forEach(step -> checkpoints.commit(save(attempt, step, "short")));
            FailingStore failing = new FailingStore(objects, write, write % 2 == 0);
            try {
                over(failing).collect(RUN, STAGE, 1, attempt.fencingToken());
            } catch (FailingStore.Killed e) {
                assertThat(e).isNotNull();
            }
            registry.checkpoints()
                    .list(RUN, STAGE)
                    .forEach(row -> assertThat(problems(row)).isEmpty());
        }
        checkpoints.commit(save(begin(), 100, "short"));
        collect(1);
        assertThat(committedSteps()).containsExactly(100L);
        assertThat(keys()).hasSize(4);
    }

    private List<String> problems(Row row) {
        return checkpoints.verify(checkpoints.read(row.manifestKey()));
    }

    private static String shardKey(Attempt attempt, long step) {
        return SmallCheckpoints.key(attempt, step, "9");
    }

    private static String token(Attempt attempt) {
        return "%012d".formatted(attempt.fencingToken());
    }
}
