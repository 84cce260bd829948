package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.checkpoint.CheckpointStore.Collected;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.RegistryRebuild.Rebuilt;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.KnownAttempt;
import dev.tanren.storage.registry.Checkpoints.Row;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.SmallCheckpoints;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The whole database is lost; the object store is all that is left.
class RegistryRebuildTest extends CheckpointTest {

    private void loseDatabase() {
        registry.close();
        registry = PostgresRegistry.connect(database.fresh());
        checkpoints = over(objects);
    }

    private Rebuilt rebuild() {
        return new RegistryRebuild(objects, registry).rebuild();
    }

    @Test
    void aRunWhoseDatabaseIsLostBetweenTwoAttemptsGoesOnFromTheSameCheckpoint() {
        Attempt before = begin();
        RunRecord.keep(objects, registry.runs(), RUN);
        checkpoints.commit(save(before, 10, "short"));
        Committed last = checkpoints.commit(save(before, 20, "short"));
        Run was = registry.runs().find(RUN).orElseThrow();
        loseDatabase();
        assertThat(new RegistryRebuild(objects, registry).runsUnknownToAnEmptyRegistry())
                .isEqualTo(1);

        Rebuilt rebuilt = rebuild();

        assertThat(rebuilt.restoredRuns()).containsExactly(RUN);
        assertThat(rebuilt.checkpoints()).isEqualTo(2);
        Run run = registry.runs().find(RUN).orElseThrow();
        assertThat(run.status()).isEqualTo(RunState.FAILED);
        assertThat(run.planJson()).isEqualTo(was.planJson());
        assertThat(run.name()).isEqualTo(was.name());
        assertThat(run.owner()).isEqualTo(was.owner());
        assertThat(registry.runs().stages(RUN)).hasSize(1);
        assertThat(registry.inputs().find(RUN)).contains(SmallCheckpoints.TRAINED_ON);
        assertThat(new RegistryRebuild(objects, registry).runsUnknownToAnEmptyRegistry()).isZero();

        new RunProjector(registry).become(RUN, RunState.QUEUED);
        Attempt next = begin();
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(last);
        assertThat(next.attempt()).isEqualTo(2);
        assertThat(next.fencingToken()).isGreaterThan(rebuilt.tokensAbove());
    }

    /// An attempt from before may still save, and must be taken for the older one.
    @Test
    void whatBeginsAfterARebuildIsNewerThanAnythingFromBefore() {
        Attempt before = begin();
        RunRecord.keep(objects, registry.runs(), RUN);
        checkpoints.commit(save(before, 10, "short"));
        Attempt running = begin();
        CheckpointManifest underWay = save(running, 15, "short");
        loseDatabase();
        rebuild();
        new RunProjector(registry).become(RUN, RunState.QUEUED);

        Attempt next = begin();
        assertThat(next.fencingToken()).isGreaterThan(running.fencingToken());
        expect(ErrorCode.CHECKPOINT_STALE_ATTEMPT, () -> checkpoints.commit(underWay));
        CheckpointManifest own = save(next, 15, "short");
        Collected collected = checkpoints.collect(RUN, STAGE, 3, next.fencingToken());
        assertThat(collected.objects()).isEqualTo(underWay.shards().size());
        assertThat(checkpoints.commit(own).manifest()).isEqualTo(own);
    }

    @Test
    void ofEachStepTheNewestWholeManifestCounts() throws Exception {
        RunRecord.keep(objects, registry.runs(), RUN);
        Attempt dead = begin();
        FailingStore failing = new FailingStore(objects, 3, true);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(save(failing, dead, 5, "short")));
        Attempt attempt = begin();
        Committed replaced = checkpoints.commit(save(attempt, 5, "short"));
        Committed whole = checkpoints.commit(save(attempt, 6, "short"));
        Committed broken = checkpoints.commit(save(attempt, 7, "short"));
        Files.delete(onDisk(broken.manifest().shards().getFirst().key()));
        loseDatabase();

        assertThat(rebuild().checkpoints()).isEqualTo(2);
        assertThat(rebuild().restoredRuns()).isEmpty();
        assertThat(registry.checkpoints().list(RUN, STAGE))
                .extracting(Row::manifestKey)
                .containsExactly(whole.manifestKey(), replaced.manifestKey());
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(whole);
    }

    @Test
    void whatIsAtWorkAndWhatHasNoRecordIsLeftAloneAndNamed() {
        checkpoints.commit(save(begin(), 10, "short"));
        assertThat(rebuild().atWork()).containsExactly(RUN);
        loseDatabase();
        Rebuilt rebuilt = rebuild();
        assertThat(rebuilt.withoutRecord()).containsExactly(RUN);
        assertThat(rebuilt.restoredRuns()).isEmpty();
        assertThat(registry.checkpoints().list(RUN)).isEqualTo(List.of());
    }

    /// As after two rebuilds, between which a registry that was empty began to count anew.
    @Test
    void twoAttemptsOfOneNumberAreBothKnown() {
        Attempt begun = begin();
        Attempts attempts = registry.attempts();
        for (int times = 0; times < 2; times++) {
            attempts.restore(new KnownAttempt(RUN, STAGE, "short", 1, 1_000, 10));
            attempts.restore(new KnownAttempt(RUN, STAGE, "short", 7, 2_000, 20));
            attempts.restore(new KnownAttempt(RUN, STAGE, "short", 7, 3_000, 30));
        }

        assertThat(attempts.list(RUN))
                .extracting(Attempt::fencingToken, Attempt::attempt, Attempt::lastStep)
                .containsExactlyInAnyOrder(
                        tuple(begun.fencingToken(), 1, 0L),
                        tuple(1_000L, 2, 10L),
                        tuple(2_000L, 7, 20L),
                        tuple(3_000L, 8, 30L));
    }
}
