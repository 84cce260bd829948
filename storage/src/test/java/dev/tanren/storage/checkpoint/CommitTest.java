package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Attempts.Attempt;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CommitTest extends CheckpointTest {

    private static final int RACED_STEPS = 100;
    private static final int RACERS = 10;

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

    /// Attempts that begin, save and commit at once, so that each may be overtaken between any two
    /// of its calls.
    @Test
    @Timeout(180)
    void ofAThousandRacingCommitsExactlyOneWinsEachStep() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the races: " + seed);
        Random random = new Random(seed);
        Map<Outcome, Integer> seen = new EnumMap<>(Outcome.class);
        int overtaken = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(RACERS)) {
            for (int step = 1; step <= RACED_STEPS; step++) {
                List<Raced> race = race(threads, step, random);
                race.forEach(racer -> seen.merge(racer.outcome(), 1, Integer::sum));
                List<CheckpointManifest> winners =
                        race.stream()
                                .filter(racer -> racer.outcome() == Outcome.WON)
                                .map(Raced::manifest)
                                .toList();
                assertThat(winners).as("those who won step %d", step).hasSize(1);
                CheckpointManifest winner = winners.getFirst();
                assertThatTheStoreHolds(winner);
                long newest = registry.attempts().newestToken(RUN, STAGE);
                overtaken += winner.fencingToken() == newest ? 0 : 1;
            }
        }
        assertThat(committedSteps()).hasSize(RACED_STEPS);
        assertThat(seen).as("each end of a race was seen").containsOnlyKeys(Outcome.values());
        assertThat(overtaken).as("winners that were overtaken after their commit").isPositive();
    }

    private enum Outcome {
        WON,
        FOUND_ANOTHERS,
        STALE
    }

    private record Raced(CheckpointManifest manifest, Outcome outcome) {}

    private List<Raced> race(ExecutorService threads, long step, Random random) throws Exception {
        CyclicBarrier start = new CyclicBarrier(RACERS);
        List<Callable<Raced>> racers = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            int delay = random.nextInt(60);
            racers.add(
                    () -> {
                        start.await();
                        Thread.sleep(delay);
                        CheckpointManifest own = save(beginInTime(), step, "short");
                        return new Raced(own, commit(own));
                    });
        }
        List<Raced> ended = new ArrayList<>();
        for (Future<Raced> racer : threads.invokeAll(racers)) {
            ended.add(racer.get());
        }
        return ended;
    }

    private Outcome commit(CheckpointManifest manifest) {
        try {
            return checkpoints.commit(manifest).manifest().equals(manifest)
                    ? Outcome.WON
                    : Outcome.FOUND_ANOTHERS;
        } catch (TanrenException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
            return Outcome.STALE;
        }
    }

    /// The row, the manifest that it names and the copy under the known name are the winner's.
    private void assertThatTheStoreHolds(CheckpointManifest winner) {
        String named =
                registry.checkpoints().find(RUN, STAGE, winner.step()).orElseThrow().manifestKey();
        assertThat(checkpoints.read(named)).isEqualTo(winner);
        assertThat(checkpoints.read(CheckpointLayout.manifestKey(RUN, STAGE, winner.step())))
                .isEqualTo(winner);
        assertThat(checkpoints.verify(winner)).isEmpty();
    }

    /// Each refusal means that another has begun, so this ends.
    private Attempt beginInTime() {
        while (true) {
            try {
                return begin();
            } catch (TanrenException late) {
                assertThat(late.code())
                        .isIn(ErrorCode.RANK_PREEMPTED, ErrorCode.CHECKPOINT_STALE_ATTEMPT);
            }
        }
    }
}
