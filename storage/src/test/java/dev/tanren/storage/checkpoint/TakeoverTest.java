package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.checkpoint.CheckpointStore.Collected;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One attempt takes a stage over while another goes on, however their steps fall between each
/// other.
@Timeout(120)
class TakeoverTest extends CheckpointTest {

    private final Set<Attempt> busy = new HashSet<>();

    @Test
    void whatAnOldAttemptCommitsWhileItsSuccessorReadsIsRefusedAndNothingIsRemovedUnderIt() {
        Attempt old = begin();
        Committed good = checkpoints.commit(save(old, 40, "short"));
        CheckpointManifest late = save(old, 50, "short");
        Attempt successor = insert();
        List<ErrorCode> refused = new ArrayList<>();
        InterruptedStore store =
                new InterruptedStore(
                        objects,
                        () -> {
                            try {
                                checkpoints.commit(late);
                            } catch (TanrenException e) {
                                refused.add(e.code());
                            }
                            collect(old);
                        });

        Committed found = over(store).latestValid(RUN, STAGE).orElseThrow();

        assertThat(found).isEqualTo(good);
        assertThat(refused).containsOnly(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        assertThat(registry.attempts().start(successor, 40).resumeStep()).isEqualTo(40);
        assertThat(committedSteps()).containsExactly(40L);
        assertThat(checkpoints.verify(good.manifest())).isEmpty();
    }

    /// Those who read without a fence, such as an export, are sent on to what replaced it.
    @Test
    void aCheckpointThatIsReplacedWhileItIsReadIsNotTakenForADamagedOne() {
        Attempt attempt = begin();
        checkpoints.commit(save(attempt, 40, "short"));
        CheckpointManifest next = save(attempt, 50, "short");
        InterruptedStore store =
                new InterruptedStore(
                        objects,
                        () -> {
                            checkpoints.commit(next);
                            collect(attempt);
                        });

        assertThat(over(store).latestValid(RUN, STAGE).orElseThrow().manifest()).isEqualTo(next);
        assertThat(events()).containsOnly("checkpoint.committed");
    }

    @Test
    void aStaleCollectorRemovesNeitherRowsNorObjects() {
        Attempt old = begin();
        checkpoints.commit(save(old, 10, "short"));
        checkpoints.commit(save(old, 20, "short"));
        insert();
        assertThat(collect(old)).isEqualTo(Collected.NOTHING);
        assertThat(committedSteps()).containsExactly(20L, 10L);

        // It was the newest when it began to collect, and is not when it removes.
        Attempt current = begin();
        InterruptedStore store = new InterruptedStore(objects, this::insert);
        over(store).collect(RUN, STAGE, 1, current.fencingToken());
        assertThat(committedSteps()).containsExactly(20L, 10L);
        registry.checkpoints()
                .list(RUN, STAGE)
                .forEach(
                        row ->
                                assertThat(checkpoints.inspect(row, Actor.program("test")))
                                        .isEmpty());
    }

    @Test
    void aCollectorDoesNotRemoveTheCopyOfANewerSaveOfTheSameStep() throws IOException {
        Attempt old = begin();
        Committed first = checkpoints.commit(save(old, 10, "short"));
        Row row = registry.checkpoints().find(RUN, STAGE, 10).orElseThrow();
        Files.delete(onDisk(first.manifest().shards().getFirst().key()));
        assertThat(checkpoints.inspect(row, Actor.program("test"))).isPresent();
        Committed second = checkpoints.commit(save(begin(), 10, "short"));

        new CommittedCopy(
                        objects,
                        registry.checkpoints(),
                        new CheckpointInspector(objects, registry.checkpoints()))
                .remove(row);

        assertThat(copy(10)).isEqualTo(second.manifest());
    }

    /// The interleaving that left `manifest.json` naming shards that were collected.
    @Test
    void aCopyThatAnOldAttemptWritesLateIsPutRight() throws IOException {
        Attempt old = begin();
        List<Committed> newer = new ArrayList<>();
        CheckpointManifest save = save(old, 10, "short");
        InterruptedStore store =
                new InterruptedStore(
                        objects,
                        () -> {
                            boolean committed =
                                    registry.checkpoints().find(RUN, STAGE, 10).isPresent();
                            if (committed && newer.isEmpty()) {
                                quarantine(10);
                                newer.add(checkpoints.commit(save(begin(), 10, "short")));
                            }
                        });
        over(store).commit(save);
        assertThat(newer).hasSize(1);
        assertThat(copy(10)).isEqualTo(newer.getFirst().manifest());

        // The same where the old one dies behind its write: the next collection does it.
        objects.put(CheckpointLayout.manifestKey(RUN, STAGE, 10), Manifests.bytes(save));
        collect(registry.attempts().list(RUN).getLast());
        assertThat(copy(10)).isEqualTo(newer.getFirst().manifest());
        assertThat(copy(10).shards())
                .allSatisfy(shard -> assertThat(objects.find(shard.key())).isPresent());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void howeverTwoAttemptsInterleaveWhatIsListedCanBeRead(long offset) {
        long seed = Long.getLong("tanren.seed", System.nanoTime() / 1000) + offset;
        System.out.println("interleaving of two attempts, seed " + seed);
        Random random = new Random(seed);
        List<Attempt> alive = new ArrayList<>();
        long[] step = {0};
        takeOver(checkpoints, alive);
        // What one does is interrupted by what the other, or a third, does.
        InterruptedStore store =
                new InterruptedStore(
                        objects,
                        () -> {
                            if (random.nextInt(8) == 0) {
                                act(checkpoints, random, alive, step);
                            }
                        });
        ObjectCheckpointStore interrupted = over(store);
        for (int action = 0; action < 12; action++) {
            act(interrupted, random, alive, step);
            assertThat(committedSteps().isEmpty()).as("seed %d", seed).isEqualTo(step[0] == 0);
            registry.checkpoints()
                    .list(RUN, STAGE)
                    .forEach(
                            row ->
                                    assertThat(checkpoints.verify(manifest(row)))
                                            .as("seed %d, step %d", seed, row.step())
                                            .isEmpty());
        }
        takeOver(checkpoints, alive);
        commit(checkpoints, alive, step);
        assertThat(committedSteps()).as("seed %d", seed).hasSize(1);
        registry.checkpoints()
                .list(RUN, STAGE)
                .forEach(row -> assertThat(copy(row.step())).isEqualTo(manifest(row)));
        assertThat(events()).as("seed %d", seed).doesNotContain("checkpoint.quarantined");
    }

    private void act(ObjectCheckpointStore store, Random random, List<Attempt> alive, long[] step) {
        switch (random.nextInt(5)) {
            case 0 -> takeOver(store, alive);
            case 1 ->
                    registry.checkpoints().list(RUN, STAGE).stream()
                            .findFirst()
                            .ifPresent(row -> store.inspect(row, Actor.program("test")));
            default -> commit(store, alive, step);
        }
    }

    /// Fence, then look. The attempt before goes on without knowing.
    private void takeOver(ObjectCheckpointStore store, List<Attempt> alive) {
        Attempt begun = insert();
        alive.addLast(begun);
        long from = store.latestValid(RUN, STAGE).map(found -> found.manifest().step()).orElse(0L);
        try {
            registry.attempts().start(begun, from);
        } catch (TanrenException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        }
    }

    /// By the newest two attempts, of which the older one does not know that it is stale. Each
    /// keeps one checkpoint, and does one thing at a time.
    private void commit(ObjectCheckpointStore store, List<Attempt> alive, long[] step) {
        List<Attempt> two = alive.subList(Math.max(0, alive.size() - 2), alive.size());
        for (Attempt attempt : List.copyOf(two)) {
            if (busy.add(attempt)) {
                commit(store, attempt, step);
                busy.remove(attempt);
            }
        }
    }

    private void commit(ObjectCheckpointStore store, Attempt attempt, long[] step) {
        CheckpointManifest save = save(attempt, step[0] + 1, "short");
        try {
            store.commit(save);
            step[0] = Math.max(step[0], save.step());
            store.collect(RUN, STAGE, 1, attempt.fencingToken());
        } catch (TanrenException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        }
    }

    private Attempt insert() {
        return registry.attempts()
                .begin(
                        new NewAttempt(
                                RUN,
                                1,
                                STAGE,
                                "short",
                                "worker",
                                2,
                                UUID.randomUUID().toString(),
                                registry.attempts().newestToken(RUN, STAGE)))
                .orElseThrow();
    }

    private Collected collect(Attempt attempt) {
        return checkpoints.collect(RUN, STAGE, 1, attempt.fencingToken());
    }

    private void quarantine(long step) {
        registry.checkpoints()
                .quarantine(
                        registry.checkpoints().find(RUN, STAGE, step).orElseThrow(),
                        "damaged",
                        Actor.program("test"));
    }

    private CheckpointManifest copy(long step) {
        return checkpoints.read(CheckpointLayout.manifestKey(RUN, STAGE, step));
    }

    private CheckpointManifest manifest(Row row) {
        return checkpoints.read(row.manifestKey());
    }
}
