package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Attempts.Attempt;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CommitTest extends CheckpointTest {

    @Test
    void aCommittedCheckpointIsFoundAndVerifies() {
        CheckpointManifest manifest = save(begin(), 20, "short");
        Committed committed = checkpoints.commit(manifest);
        assertThat(committed.manifestKey())
                .isEqualTo(CheckpointLayout.committedKey(manifest))
                .startsWith("runs/01run/adapt/checkpoints/0000000020/manifest-");
        assertThat(checkpoints.read("runs/01run/adapt/checkpoints/0000000020/manifest.json"))
                .isEqualTo(manifest);
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(committed);
        assertThat(checkpoints.verify(manifest)).isEmpty();
        assertThat(registry.checkpoints().find(RUN, STAGE, 20).orElseThrow().verifiedAt())
                .isNotNull();
        assertThat(events()).containsExactly("checkpoint.committed");
    }

    @Test
    void withoutAnyCheckpointThereIsNone() {
        assertThat(checkpoints.latestValid(RUN, STAGE)).isEmpty();
    }

    @Test
    void theSameAttemptMayCommitAgain() {
        CheckpointManifest manifest = save(begin(), 20, "short");
        Committed first = checkpoints.commit(manifest);
        assertThat(checkpoints.commit(manifest)).isEqualTo(first);
        assertThat(events()).containsExactly("checkpoint.committed");
    }

    @Test
    void aStaleAttemptCannotCommit() {
        Attempt old = begin();
        CheckpointManifest manifest = save(old, 20, "short");
        begin();
        expect(ErrorCode.CHECKPOINT_STALE_ATTEMPT, () -> checkpoints.commit(manifest));
        assertThat(checkpoints.latestValid(RUN, STAGE)).isEmpty();
        assertThat(objects.find(CheckpointLayout.manifestKey(RUN, STAGE, 20))).isEmpty();
    }

    @Test
    void anAttemptThatGoesStaleAfterItsManifestCannotCommitAndTheNextOneDoes() {
        Attempt old = begin();
        CheckpointManifest stale = save(old, 20, "short");
        BeginsAfterPut store = new BeginsAfterPut(objects, this::begin);
        expect(ErrorCode.CHECKPOINT_STALE_ATTEMPT, () -> over(store).commit(stale));
        assertThat(checkpoints.latestValid(RUN, STAGE)).isEmpty();

        CheckpointManifest own = save(store.begun(), 20, "short");
        Committed committed = checkpoints.commit(own);
        assertThat(committed.manifest()).isEqualTo(own);
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(committed);
        assertThat(checkpoints.read(committed.manifestKey()).fencingToken())
                .isEqualTo(own.fencingToken());
    }

    @Test
    void aCommittedStepStaysWhenALaterAttemptReachesItAgain() {
        Committed first = checkpoints.commit(save(begin(), 20, "short"));
        assertThat(checkpoints.commit(save(begin(), 20, "short"))).isEqualTo(first);
    }

    @Test
    void whereverAnAttemptIsKilledTheNextOneCommits() {
        // Two shards and a manifest are written before the row: killed before or after each.
        for (int write = 1; write <= 3; write++) {
            for (boolean after : List.of(false, true)) {
                long step = write * 10L + (after ? 1 : 0);
                Attempt killed = begin();
                FailingStore failing = new FailingStore(objects, write, after);
                assertThatExceptionOfType(FailingStore.Killed.class)
                        .isThrownBy(
                                () -> over(failing).commit(save(failing, killed, step, "short")));
                assertThat(committedSteps()).as("killed at write " + write).doesNotContain(step);

                CheckpointManifest next = save(begin(), step, "short");
                Committed committed = checkpoints.commit(next);
                assertThat(committed.manifest()).isEqualTo(next);
                assertThat(checkpoints.read(CheckpointLayout.manifestKey(RUN, STAGE, step)))
                        .isEqualTo(next);
                assertThat(checkpoints.latestValid(RUN, STAGE)).contains(committed);
            }
        }
        assertThat(committedSteps()).hasSize(6);
    }

    @Test
    void anAttemptThatIsKilledBeforeItsCopyHasCommittedAndACollectionWritesTheCopy() {
        Attempt killed = begin();
        FailingStore failing = new FailingStore(objects, 4, false);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(save(failing, killed, 20, "short")));
        String copy = CheckpointLayout.manifestKey(RUN, STAGE, 20);
        assertThat(objects.find(copy)).isEmpty();
        assertThat(committedSteps()).containsExactly(20L);

        Attempt next = begin();
        checkpoints.collect(RUN, STAGE, 1, next.fencingToken());

        assertThat(checkpoints.read(copy).fencingToken()).isEqualTo(killed.fencingToken());
    }

    @Test
    void theSameAttemptGoesOnAfterItsManifestWasWritten() {
        Attempt attempt = begin();
        CheckpointManifest manifest = save(attempt, 20, "short");
        FailingStore failing = new FailingStore(objects, 1, true);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(manifest));
        assertThat(checkpoints.commit(manifest).manifest()).isEqualTo(manifest);
    }

    @Test
    void aShardThatIsNotWhatTheManifestSaysIsNotCommitted() {
        Attempt attempt = begin();
        CheckpointManifest manifest = save(attempt, 20, "short");
        String shard = manifest.shards().getFirst().key();
        objects.put(shard, new byte[(int) manifest.shards().getFirst().bytes()]);
        expect(ErrorCode.OBJECT_CORRUPT, () -> checkpoints.commit(manifest));
        objects.put(shard, new byte[3]);
        expect(ErrorCode.OBJECT_CORRUPT, () -> checkpoints.commit(manifest));
        objects.delete(shard);
        expect(ErrorCode.OBJECT_MISSING, () -> checkpoints.commit(manifest));
        assertThat(committedSteps()).isEmpty();
    }

    @Test
    @Timeout(120)
    void ofAThousandRacingCommitsExactlyOneWinsEachStep() throws Exception {
        int steps = 100;
        int racers = 10;
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int step = 1; step <= steps; step++) {
                CheckpointManifest[] saves = new CheckpointManifest[racers];
                for (int i = 0; i < racers; i++) {
                    saves[i] = save(begin(), step, "short");
                }
                int winners = 0;
                List<Callable<Boolean>> commits = new ArrayList<>();
                for (CheckpointManifest manifest : saves) {
                    commits.add(() -> committed(manifest));
                }
                for (Future<Boolean> commit : threads.invokeAll(commits)) {
                    winners += commit.get() ? 1 : 0;
                }
                assertThat(winners).as("step " + step).isEqualTo(1);
                assertThat(
                                checkpoints
                                        .read(
                                                registry.checkpoints()
                                                        .find(RUN, STAGE, step)
                                                        .orElseThrow()
                                                        .manifestKey())
                                        .fencingToken())
                        .isEqualTo(saves[racers - 1].fencingToken());
            }
        }
        assertThat(committedSteps()).hasSize(steps);
    }

    private boolean committed(CheckpointManifest manifest) {
        try {
            return checkpoints.commit(manifest).manifest().equals(manifest);
        } catch (TanrenException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
            return false;
        }
    }
}
