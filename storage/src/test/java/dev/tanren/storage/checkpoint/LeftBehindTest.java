package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.collector.StoreCollector.Collected;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.tokens.TokenDataset;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What runs leave behind, and who removes it when.
class LeftBehindTest extends CheckpointTest {

    private static final Actor MEI = new Actor("1", "mei", "admin", null);

    private Collected collect() {
        return new StoreCollector(objects, registry, checkpoints).collect();
    }

    private void status(RunState status) {
        new RunProjector(registry).become(RUN, status);
    }

    @Test
    void whatTheLastAttemptOfAnEndedRunLeftGoesAndItsCheckpointsStay() {
        Attempt last = begin();
        checkpoints.commit(save(last, 10, "short"));
        checkpoints.commit(save(last, 20, "short"));
        CheckpointManifest late = save(last, 25, "short");
        beginUpload(key(last, 30));
        beginUpload("runs/" + RUN + "/release/artifacts/model.safetensors");
        status(RunState.RUNNING);
        assertThat(collect().nothing()).isTrue();

        status(RunState.FAILED);
        assertThat(collect()).isEqualTo(new Collected(0, 2, 2));

        assertThat(uploads()).isEmpty();
        assertThat(committedSteps()).containsExactly(20L, 10L);
        registry.checkpoints()
                .list(RUN, STAGE)
                .forEach(
                        row ->
                                assertThat(checkpoints.inspect(row, Actor.program("test")))
                                        .isEmpty());
        // The attempt still runs somewhere: it can commit nothing that lacks its shards.
        expect(ErrorCode.CHECKPOINT_STALE_ATTEMPT, () -> checkpoints.commit(late));
        assertThat(collect().nothing()).isTrue();

        status(RunState.RUNNING);
        Attempt retried = begin();
        checkpoints.commit(save(retried, 25, "short"));
        assertThat(committedSteps()).containsExactly(25L, 20L, 10L);
    }

    @Test
    void uploadsOfDatasetsAndModelsAreGivenUpOnceNoRunCanBePreparingAny() {
        beginUpload("datasets/00ff/shard-0.tokens");
        beginUpload("models/00ff/model.safetensors");
        assertThat(collect().uploads()).as("a queued run will prepare").isZero();
        status(RunState.RUNNING);
        assertThat(collect().uploads()).as("a run without a stage at work prepares").isZero();
        new RunProjector(registry).become(RUN, STAGE, StageState.RUNNING);
        assertThat(collect().uploads()).isEqualTo(2);
        assertThat(objects.incompleteUploads("datasets/")).isEmpty();
        assertThat(objects.incompleteUploads("models/")).isEmpty();
    }

    @Test
    void thePlanOfBlocksThatARankIsStoringIsLeftWhileAnyRunIsOpen() {
        beginUpload("datasets/00ff" + TokenDataset.BLOCKS + "512.blocks");
        status(RunState.RUNNING);
        new RunProjector(registry).become(RUN, STAGE, StageState.RUNNING);
        assertThat(collect().uploads()).as("no run prepares, and a rank is at work").isZero();

        status(RunState.SUCCEEDED);

        assertThat(collect().uploads()).isEqualTo(1);
    }

    @Test
    void aDeletedRunTakesItsObjectsAndRowsWithItAndTheAuditStays() {
        Attempt attempt = begin();
        checkpoints.commit(save(attempt, 10, "short"));
        objects.put("runs/" + RUN + "/adapt/logs/1/rank-0.log", new byte[9]);
        objects.put("datasets/00ff/manifest.json", new byte[9]);
        beginUpload("runs/" + RUN + "/release/artifacts/model.safetensors");
        status(RunState.RUNNING);
        expect(ErrorCode.STATE_CONFLICT, () -> registry.removals().deleteRun(RUN, MEI, null));
        assertThat(committedSteps()).containsExactly(10L);

        status(RunState.CANCELLED);
        registry.removals().deleteRun(RUN, MEI, "no use");

        assertThat(registry.runs().find(RUN)).isEmpty();
        assertThat(registry.runs().stages(RUN)).isEmpty();
        assertThat(registry.attempts().list(RUN)).isEmpty();
        assertThat(registry.checkpoints().list(RUN)).isEmpty();
        assertThat(registry.events().after(RUN, 0, 10)).extracting(Event::type).isEmpty();
        assertThat(registry.audit().list("run/" + RUN, 10))
                .extracting(Audit.Entry::actor, Audit.Entry::action, Audit.Entry::reason)
                .containsExactly(tuple("mei", "run.delete", "no use"));
        // Killed here, the next collection goes on with it.
        assertThat(collect()).isEqualTo(new Collected(4 + 1, 0, 0));
        assertThat(keys()).isEmpty();
        assertThat(uploads()).isEmpty();
        assertThat(objects.find("datasets/00ff/manifest.json")).isPresent();
        expect(ErrorCode.NOT_FOUND, () -> registry.removals().deleteRun(RUN, MEI, null));
    }

    @Test
    void whatADeletedRunsRanksStillWriteGoesAndIsNotRebuilt() {
        Attempt attempt = begin();
        RunRecord.keep(objects, registry.runs(), RUN);
        checkpoints.commit(save(attempt, 10, "short"));
        status(RunState.FAILED);
        registry.removals().deleteRun(RUN, MEI, null);
        CheckpointManifest late = save(attempt, 20, "short");

        assertThat(new RegistryRebuild(objects, registry).rebuild().restoredRuns()).isEmpty();
        expect(ErrorCode.NOT_FOUND, () -> checkpoints.commit(late));
        collect();
        assertThat(keys()).isEmpty();
    }

    @Test
    void whatARunLeftThatTheRegistryDoesNotKnowStays() {
        objects.put("runs/unknown/adapt/logs/1/rank-0.log", new byte[9]);
        beginUpload("runs/unknown/release/artifacts/model.safetensors");
        assertThat(collect().nothing()).isTrue();
        assertThat(objects.list("runs/unknown/")).hasSize(1);
        assertThat(objects.incompleteUploads("runs/unknown/")).hasSize(1);
    }

    @Test
    void aRunWhoseWeightsAnotherBeginsWithIsNotDeleted() {
        status(RunState.SUCCEEDED);
        registry.runs()
                .create(
                        new NewRun(
                                "02run",
                                "follows",
                                "{\"model\":{\"base\":\"run:" + RUN + "/release\"}}",
                                null,
                                "mei",
                                List.of(new NewStage(STAGE, "cpt", 40))));
        expect(ErrorCode.STATE_CONFLICT, () -> registry.removals().deleteRun(RUN, MEI, null));
        new RunProjector(registry).become("02run", RunState.SUCCEEDED);
        registry.removals().deleteRun(RUN, MEI, null);
        assertThat(registry.runs().find(RUN)).isEmpty();
    }

    private static String key(Attempt attempt, long step) {
        return CheckpointLayout.shardKey(RUN, STAGE, step, attempt.fencingToken(), "9");
    }
}
