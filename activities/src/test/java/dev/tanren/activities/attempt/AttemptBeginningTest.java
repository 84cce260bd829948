package dev.tanren.activities.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.activities.lease.Lease;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.SmallCheckpoints;
import dev.tanren.storage.testing.StartedAttempt;
import dev.tanren.workflows.activity.AttemptActivities.BeginRequest;
import dev.tanren.workflows.activity.AttemptActivities.Begun;
import dev.tanren.workflows.activity.StartingPoint;
import io.temporal.client.ActivityCanceledException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Beginning attempts, with a real PostgreSQL and a real S3 server.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class AttemptBeginningTest {

    private static final String STAGE = "adapt";
    private static final Lease HELD = new ScriptedLease(looks -> Lease.State.HELD);

    private final Plan plan =
            SmallPlans.plan("beginning", SmallPlans.ARCHITECTURE, StageBuilder.small().build());
    private EmbeddedDatabase database;
    private EmbeddedS3 server;
    private PostgresRegistry registry;
    private S3ObjectStore store;
    private ObjectCheckpointStore checkpoints;
    private AttemptBeginning beginning;
    private String run = "";

    @BeforeAll
    void startServers() {
        database = EmbeddedDatabase.start();
        server = EmbeddedS3.start();
        registry = PostgresRegistry.connect(database.fresh());
        store = server.store("attempts");
        checkpoints = new ObjectCheckpointStore(store, registry);
        beginning = new AttemptBeginning(registry, checkpoints, store, "worker-1");
    }

    @AfterAll
    void stopServers() {
        registry.close();
        store.close();
        server.close();
        database.close();
    }

    @BeforeEach
    void newRun() {
        run = UUID.randomUUID().toString();
        registry.runs()
                .create(
                        new NewRun(
                                run,
                                "beginning",
                                Json.write(plan),
                                null,
                                "ada",
                                List.of(new NewStage(STAGE, "pretrain", 100))));
        new RunProjector(registry).become(run, RunState.RUNNING);
    }

    @Test
    void aCheckpointThatWasTrainedOnSomethingElseIsRefusedNamingIt() {
        commit(earlier(0, "old"), 40);
        TrainedOn other =
                new TrainedOn(
                        SmallCheckpoints.TRAINED_ON.model(),
                        Map.of("code", new TrainedOn.Data("dd", "datasets/dd/manifest.json", "")));
        BeginRequest request =
                new BeginRequest(run, 1, plan, STAGE, "only", other, 100, "with other data");

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> beginning.begin(request, HELD))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_OTHER_INPUTS))
                .withMessageContaining("dataset 'code' is dd, the checkpoint's cc");
    }

    @Test
    void whatTheOldAttemptCommitsWhileTheNewOneVerifiesIsRefused() {
        Attempt old = earlier(0, "old");
        Committed good = commit(old, 40);
        CheckpointManifest late = SmallCheckpoints.save(store, old, 50, "only");
        AtomicInteger refused = new AtomicInteger();
        // The third look is the first between the pieces that are read.
        Lease lease =
                new ScriptedLease(
                        looks -> {
                            if (looks == 2) {
                                assertThat(current()).isGreaterThan(old.fencingToken());
                                TanrenException stale =
                                        catchThrowableOfType(
                                                TanrenException.class,
                                                () -> checkpoints.commit(late));
                                assertThat(stale.code())
                                        .isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
                                checkpoints.collect(run, STAGE, 1, old.fencingToken());
                                refused.incrementAndGet();
                            }
                            return Lease.State.HELD;
                        });

        Begun begun = beginning.begin(request("new", 100), lease);

        assertThat(refused).hasValue(1);
        assertThat(begun.start()).isEqualTo(new StartingPoint.Checkpoint(good.manifestKey(), 40));
        assertThat(begun.fencingToken()).isEqualTo(current());
        assertThat(newest().resumeStep()).isEqualTo(40);
        assertThat(checkpoints.verify(good.manifest())).isEmpty();
    }

    @Test
    void aRepeatedBeginFindsItsAttemptAndGoesOnFromThere() {
        commit(earlier(0, "old"), 40);
        TanrenException lost =
                catchThrowableOfType(
                        TanrenException.class,
                        () -> beginning.begin(request("same", 100), after(2, Lease.State.LOST)));
        assertThat(lost.code()).isEqualTo(ErrorCode.RANK_PREEMPTED);
        Attempt inserted = newest();
        assertThat(inserted.resumeStep()).isNull();
        assertThat(inserted.status()).isEqualTo(AttemptStatus.RUNNING);

        Begun begun = beginning.begin(request("same", 100), HELD);

        assertThat(begun.fencingToken()).isEqualTo(inserted.fencingToken());
        assertThat(begun.resumeStep()).isEqualTo(40);
        assertThat(beginning.begin(request("same", 100), HELD)).isEqualTo(begun);
        assertThat(registry.attempts().list(run)).hasSize(2);
    }

    @Test
    void aBeginThatIsCancelledLeavesNoAttemptAtWork() {
        commit(earlier(0, "old"), 40);
        for (int looks = 1; looks <= 4; looks++) {
            Lease lease = after(looks, Lease.State.CANCELLED);
            String request = "cancelled-" + looks;
            assertThatExceptionOfType(ActivityCanceledException.class)
                    .isThrownBy(() -> beginning.begin(request(request, 100), lease));
            assertThat(registry.attempts().list(run))
                    .filteredOn(attempt -> attempt.worker().equals("worker-1"))
                    .allSatisfy(
                            attempt ->
                                    assertThat(attempt.status())
                                            .isEqualTo(AttemptStatus.CANCELLED));
        }
        // At the first look nothing was inserted yet.
        assertThat(registry.attempts().list(run)).hasSize(1 + 3);
    }

    @Test
    void aRunOrAStageThatWentOnWithoutItGetsNoAttempt() {
        for (RunState status :
                List.of(
                        RunState.CANCELLING,
                        RunState.CANCELLED,
                        RunState.FAILED,
                        RunState.SUCCEEDED)) {
            new RunProjector(registry).become(run, status);
            refused(status.key());
        }
        new RunProjector(registry).become(run, RunState.RUNNING);
        new RunProjector(registry).become(run, STAGE, StageState.SUCCEEDED);
        refused("stage");
        assertThat(registry.attempts().list(run)).isEmpty();
    }

    @Test
    void aBeginThatARetryHasOvertakenGetsNoAttempt() {
        new RunProjector(registry).become(run, RunState.FAILED);
        assertThat(registry.runs().beginExecution(run, 1, "tried again")).hasValue(2);
        refused("of the first execution");
        assertThat(registry.attempts().list(run)).isEmpty();
        BeginRequest ofTheSecond =
                new BeginRequest(
                        run, 2, plan, STAGE, "only", SmallCheckpoints.TRAINED_ON, 100, "r");
        assertThat(beginning.begin(ofTheSecond, HELD).attempt()).isEqualTo(1);
    }

    @Test
    void anAttemptThatWasBegunBeforeItsRunWasCancelledIsEndedByTheRepeatedBegin() {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> beginning.begin(request("r", 100), after(2, Lease.State.LOST)));
        new RunProjector(registry).become(run, RunState.CANCELLING);
        refused("r");
        assertThat(newest().status()).isEqualTo(AttemptStatus.CANCELLED);
    }

    @Test
    void whileARunIsPausedNothingBeginsAndWhenItGoesOnSomethingDoes() {
        new RunProjector(registry).become(run, RunState.PAUSED);
        Lease lease =
                new ScriptedLease(
                        looks -> {
                            if (looks == 3) {
                                assertThat(registry.attempts().list(run)).isEmpty();
                                new RunProjector(registry).become(run, RunState.RUNNING);
                            }
                            return Lease.State.HELD;
                        });
        assertThat(beginning.begin(request("r", 100), lease).attempt()).isEqualTo(1);
    }

    @Test
    void aPhaseThatIsDoneAlreadyEndsItsAttempt() {
        commit(earlier(0, "old"), 40);
        Begun begun = beginning.begin(request("r", 40), HELD);
        assertThat(begun.alreadyDone()).isTrue();
        assertThat(begun.resumeStep()).isEqualTo(40);
        assertThat(newest().status()).isEqualTo(AttemptStatus.SUCCEEDED);
        assertThat(newest().reason()).isEqualTo("nothing was left to do: step 40 is committed");
    }

    @Test
    void whereNoCheckpointVerifiesTheAttemptFailsAndRestoredBytesAreGoneOnWith() {
        Committed damaged = commit(earlier(0, "old"), 40);
        String shard = damaged.manifest().shards().getFirst().key();
        byte[] bytes = store.get(shard);
        store.put(shard, new byte[bytes.length]);
        TanrenException none =
                catchThrowableOfType(
                        TanrenException.class, () -> beginning.begin(request("r", 100), HELD));
        assertThat(none.code()).isEqualTo(ErrorCode.CHECKPOINT_NONE_VALID);
        assertThat(none.what()).contains(shard);
        assertThat(newest().status()).isEqualTo(AttemptStatus.FAILED);
        assertThat(newest().failureClass()).isEqualTo("DATA");

        store.put(shard, bytes);

        assertThat(beginning.begin(request("again", 100), HELD).resumeStep()).isEqualTo(40);
        assertThat(registry.events().after(run, 0, 100))
                .extracting(Event::type)
                .containsExactly(
                        "checkpoint.committed",
                        "attempt.ended",
                        "checkpoint.quarantined",
                        "attempt.ended",
                        "checkpoint.released");
        assertThat(registry.events().ofTypes(run, Set.of("attempt.ended")))
                .extracting(event -> event.data().get("status"), event -> event.data().get("code"))
                .containsExactly(
                        tuple("superseded", null), tuple("failed", "CHECKPOINT_NONE_VALID"));
    }

    private void refused(String request) {
        TanrenException refused =
                catchThrowableOfType(
                        TanrenException.class, () -> beginning.begin(request(request, 100), HELD));
        assertThat(refused.code()).isEqualTo(ErrorCode.STATE_CONFLICT);
    }

    private Attempt earlier(long resumeStep, String request) {
        return StartedAttempt.begin(registry, run, STAGE, "only", "w0", 1, resumeStep, request);
    }

    private Committed commit(Attempt attempt, long step) {
        return checkpoints.commit(SmallCheckpoints.save(store, attempt, step, "only"));
    }

    private Attempt newest() {
        return registry.attempts().list(run).getLast();
    }

    private long current() {
        return registry.attempts().newestToken(run, STAGE);
    }

    private BeginRequest request(String id, long lastStep) {
        return new BeginRequest(
                run, 1, plan, STAGE, "only", SmallCheckpoints.TRAINED_ON, lastStep, id);
    }

    private static Lease after(int looks, Lease.State then) {
        return new ScriptedLease(look -> look < looks ? Lease.State.HELD : then);
    }

    /// Answers each look as scripted; looks are counted from 1.
    private static final class ScriptedLease implements Lease {
        private final java.util.function.IntFunction<State> script;
        private final AtomicInteger looks = new AtomicInteger();

        ScriptedLease(java.util.function.IntFunction<State> script) {
            this.script = script;
        }

        @Override
        public State state() {
            return script.apply(looks.incrementAndGet());
        }

        @Override
        public void progress(long step) {
            // Nobody looks.
        }
    }
}
