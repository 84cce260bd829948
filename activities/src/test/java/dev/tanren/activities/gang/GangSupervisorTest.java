package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.activities.gang.internal.GangLauncher;
import dev.tanren.activities.lease.Lease;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.FailureClass;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Anomalies;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Dataset;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Flops;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Metrics;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.RunStatus;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import dev.tanren.workflows.activity.StartingPoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Gangs of small real processes, with a real PostgreSQL and a real S3 server.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class GangSupervisorTest {

    private static final String STAGE = "adapt";
    private static final long MEMORY = 8L << 30;
    private static final String CLASSPATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    private static final GangSettings SETTINGS =
            new GangSettings(
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(5),
                    Duration.ofMillis(300));

    private Path scratch;

    private EmbeddedDatabase database;
    private EmbeddedS3 server;
    private PostgresRegistry registry;
    private S3ObjectStore store;
    private CheckpointStore checkpoints;
    private GangSupervisor supervisor;
    private int runs;

    @BeforeAll
    void startsDatabaseAndStore(@TempDir Path folder) {
        scratch = folder;
        database = EmbeddedDatabase.start();
        server = EmbeddedS3.start();
        registry = PostgresRegistry.connect(database.fresh());
        store = server.store("gangs", TransferSettings.standard());
        checkpoints = new ObjectCheckpointStore(store, registry.checkpoints(), registry.events());
        supervisor =
                new GangSupervisor(
                        new GangLauncher(
                                (threads, arguments) -> fakeRank(arguments),
                                server.address("gangs", "tanren/"),
                                scratch,
                                MEMORY,
                                Map.of(
                                        StoreAddress.ACCESS_KEY_VARIABLE, server.accessKey(),
                                        StoreAddress.SECRET_KEY_VARIABLE, server.secretKey())),
                        registry,
                        store,
                        checkpoints,
                        scratch,
                        SETTINGS,
                        "worker-under-test");
    }

    @AfterAll
    void stopsThem() {
        registry.close();
        store.close();
        server.close();
        database.close();
    }

    @Test
    void aGangOnDevicesOfKnownSpeedRecordsItsUtilisationAndItsZLoss() {
        GangRequest request = request("gpu", 1, 6);

        assertThat(supervisor.run(request, new FakeLease()).finished()).isTrue();

        assertThat(registry.metrics().steps(request.runId(), STAGE, 0, 100))
                .isNotEmpty()
                .allSatisfy(
                        step -> {
                            assertThat(step.values().get("zLoss")).isEqualTo(1e-4);
                            // 64 tokens of 16 in 40 ms, in fp32 on an H100.
                            assertThat(step.values().get("mfu"))
                                    .isEqualTo(
                                            64
                                                    / 0.04
                                                    * Flops.perToken(architecture(), 16)
                                                    / (989e12 / 2));
                        });
    }

    @Test
    void aGangOnACpuHasNoUtilisation() {
        GangRequest request = request("finishes", 1, 6);

        assertThat(supervisor.run(request, new FakeLease()).finished()).isTrue();

        assertThat(registry.metrics().steps(request.runId(), STAGE, 0, 100))
                .isNotEmpty()
                .allSatisfy(step -> assertThat(step.values()).doesNotContainKeys("mfu", "zLoss"));
    }

    @Test
    void aGangThatFinishesHasEveryCheckpointCommittedAndEveryStepRecorded() {
        GangRequest request = request("finishes", 2, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(true, 12));
        assertThat(registry.checkpoints().list(request.runId(), STAGE))
                .extracting(Checkpoints.Row::step)
                .contains(12L, 10L)
                .isSortedAccordingTo((a, b) -> Long.compare(b, a));
        assertThat(registry.metrics().steps(request.runId(), STAGE, 0, 100))
                .extracting(Metrics.StepRow::step)
                .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L);
        assertThat(attempt(request).status()).isEqualTo(RunStatus.SUCCEEDED);
        assertThat(attempt(request).worker()).isEqualTo("worker-under-test");
        assertThat(log(request, 1)).contains("rank 1 speaks");
        assertThat(scratch.resolve("gang-" + request.fencingToken())).doesNotExist();
    }

    @Test
    void aKilledRankEndsTheOthersAndIsNamedWithItsSignal() {
        GangRequest request = request("killed", 2, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_CRASHED);
        assertThat(thrown.getMessage()).contains("rank 1", "SIGKILL");
        assertThat(attempt(request).status()).isEqualTo(RunStatus.FAILED);
        assertThat(attempt(request).failureClass()).isEqualTo("RANK_CRASHED");
        assertThat(registry.checkpoints().find(request.runId(), STAGE, 5)).isPresent();
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aRankThatCrashesWhenItsWorkIsSavedCostsNoOtherAttempt() {
        GangRequest request = request("crashes-at-its-end", 2, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(true, 12));
        assertThat(registry.checkpoints().find(request.runId(), STAGE, 12)).isPresent();
        assertThat(attempt(request).status()).isEqualTo(RunStatus.SUCCEEDED);
        assertThat(registry.events().after(request.runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("rank.crashed-at-its-end"))
                .singleElement()
                .satisfies(event -> assertThat(event.message()).contains("rank 1", "SIGKILL"));
    }

    @Test
    void aRankThatCrashesAfterItsLastStepButBeforeItIsSavedIsACrash() {
        GangRequest request = request("crashes-before-its-last-save", 2, 12);

        assertThat(failure(request, new FakeLease()).code()).isEqualTo(ErrorCode.RANK_CRASHED);

        assertThat(attempt(request).lastStep()).isEqualTo(12);
        assertThat(attempt(request).failureClass()).isEqualTo("RANK_CRASHED");
        assertThat(registry.checkpoints().list(request.runId(), STAGE))
                .extracting(Checkpoints.Row::step)
                .startsWith(10L);
    }

    @Test
    void theCauseIsTheRankThatSaidWhyAndNotTheOneThatLostItsPeer() {
        assertThat(failure(request("fails", 2, 5_000), new FakeLease()).code())
                .isEqualTo(ErrorCode.TOKEN_SHARD_CORRUPT);
    }

    @Test
    void aStepThatWantsARollbackEndsTheAttemptAndIsLeftOutByTheNext() {
        GangRequest request = request("rolls-back", 2, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.TRAINING_ROLLED_BACK);
        assertThat(thrown.failureClass()).isEqualTo(FailureClass.ANOMALY);
        assertThat(thrown.what()).contains("step 8", "loss is NaN");
        assertThat(thrown.where()).contains("code/16#57");
        assertThat(attempt(request).failureClass()).isEqualTo("ANOMALY");
        assertThat(registry.checkpoints().find(request.runId(), STAGE, 5)).isPresent();
        assertThat(registry.events().after(request.runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("anomaly.found"))
                .extracting(event -> event.data().get("step"), event -> event.data().get("action"))
                .containsExactly(tuple(8, "ROLLBACK"));
    }

    @Test
    void aStepPastTheLimitAsksForAPerson() {
        assertThat(failure(request("asks", 1, 5_000), new FakeLease()).code())
                .isEqualTo(ErrorCode.TRAINING_NEEDS_PERSON);
    }

    @Test
    void aSkippedStepIsProgressAndItsCheckpointIsCommitted() {
        GangRequest request = request("skips", 1, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(true, 12));
        assertThat(registry.checkpoints().find(request.runId(), STAGE, 10)).isPresent();
        assertThat(registry.events().after(request.runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("step.skipped"))
                .extracting(event -> event.data().get("step"))
                .containsExactly(10);
    }

    @Test
    void whatIsMeasuredOfProductsIsAnEventOfTheRun() {
        GangRequest request = request("measures", 1, 2);

        supervisor.run(request, new FakeLease());

        assertThat(registry.events().after(request.runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("products.measured"))
                .singleElement()
                .satisfies(
                        event -> {
                            assertThat(event.message()).contains("0.02 times", "slower than");
                            assertThat(event.data()).containsEntry("bf16Gflops", 2.0);
                        });
    }

    @Test
    void aHungGangIsKilledAndItsStacksAreInTheLog() {
        GangRequest request = request("hangs", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_HUNG);
        assertThat(log(request, 0)).contains("Full thread dump", "FakeRank.happens");
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aCancelledGangSavesTheStepItIsAt() {
        GangRequest request = request("goes-on", 1, 5_000);

        GangResult result = supervisor.run(request, new FakeLease(7, Lease.State.CANCELLED));

        assertThat(result.finished()).isFalse();
        assertThat(result.committedStep()).isGreaterThanOrEqualTo(7);
        assertThat(registry.checkpoints().find(request.runId(), STAGE, result.committedStep()))
                .isPresent();
        assertThat(attempt(request).lastStep()).isEqualTo(result.committedStep());
        assertThat(attempt(request).status()).isEqualTo(RunStatus.PAUSED);
    }

    @Test
    void aCancelledRunIsNotSavedAgain() {
        GangRequest request = request("goes-on", 1, 5_000);
        registry.runs().setStatus(request.runId(), RunStatus.CANCELLING, null, null);

        GangResult result = supervisor.run(request, new FakeLease(7, Lease.State.CANCELLED));

        assertThat(result.committedStep()).isLessThanOrEqualTo(5);
        assertThat(attempt(request).status()).isEqualTo(RunStatus.CANCELLED);
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aWorkerThatEndsSavesAndSaysPreempted() {
        GangRequest request = request("goes-on", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease(7, Lease.State.DRAINING));

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_PREEMPTED);
        assertThat(registry.checkpoints().list(request.runId(), STAGE).getFirst().step())
                .isGreaterThanOrEqualTo(7);
    }

    @Test
    void aStaleAttemptCommitsNothingAndItsRanksAreKilled() {
        GangRequest request = request("goes-on", 1, 5_000);
        registry.attempts().begin(request.runId(), STAGE, "short", "another worker", 1, 0, "newer");

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        assertThat(registry.checkpoints().list(request.runId(), STAGE)).isEmpty();
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aLostLeaseKillsTheRanks() {
        GangRequest request = request("goes-on", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease(7, Lease.State.LOST));

        assertThat(thrown.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        assertThatNoRankIsLeft(request);
    }

    @Test
    void ranksDieWithTheirWorker(@TempDir Path folder) throws Exception {
        GangRequest request = request("hangs", 1, 5_000);
        Path launch = folder.resolve("launch.json");
        Files.writeString(launch, Json.write(launch(request, folder)));
        ProcessBuilder command =
                new ProcessBuilder(
                                JAVA.toString(),
                                "-cp",
                                CLASSPATH,
                                ParentProcess.class.getName(),
                                folder.toString(),
                                launch.toString())
                        .inheritIO();
        command.environment()
                .putAll(
                        Map.of(
                                StoreAddress.ACCESS_KEY_VARIABLE, server.accessKey(),
                                StoreAddress.SECRET_KEY_VARIABLE, server.secretKey()));
        Process parent = command.start();
        Path pidFile = folder.resolve("pid");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Files.exists(pidFile) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        ProcessHandle rank =
                ProcessHandle.of(Long.parseLong(Files.readString(pidFile))).orElseThrow();
        assertThat(rank.isAlive()).isTrue();

        parent.destroyForcibly().waitFor();

        rank.onExit().get(5, TimeUnit.SECONDS);
        assertThat(rank.isAlive()).isFalse();
    }

    private TanrenException failure(GangRequest request, Lease lease) {
        return catchThrowableOfType(TanrenException.class, () -> supervisor.run(request, lease));
    }

    private Attempts.Attempt attempt(GangRequest request) {
        return registry.attempts().list(request.runId()).getFirst();
    }

    private String log(GangRequest request, int rank) {
        return new String(
                store.get("runs/%s/adapt/logs/1/rank-%d.log".formatted(request.runId(), rank)),
                StandardCharsets.UTF_8);
    }

    private void assertThatNoRankIsLeft(GangRequest request) {
        String mark = "gang-" + request.fencingToken() + "/";
        assertThat(
                        ProcessHandle.current()
                                .descendants()
                                .filter(ProcessHandle::isAlive)
                                .filter(
                                        process ->
                                                process.info()
                                                        .commandLine()
                                                        .orElse("")
                                                        .contains(mark)))
                .isEmpty();
    }

    private static RuntimeCommand fakeRank(List<String> arguments) {
        return new RuntimeCommand(
                List.of(
                        JAVA.toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        CLASSPATH,
                        FakeRank.class.getName(),
                        arguments.getFirst()),
                Map.of());
    }

    private GangRequest request(String behaviour, int ranks, long lastStep) {
        Plan plan = plan(behaviour, ranks);
        String runId = "run-" + ++runs;
        registry.runs()
                .create(
                        new Runs.NewRun(
                                runId,
                                behaviour,
                                Json.write(plan),
                                null,
                                "ada",
                                List.of(new Runs.NewStage(STAGE, "pretrain", lastStep))));
        Attempts.Attempt attempt =
                registry.attempts().begin(runId, STAGE, "short", "worker", ranks, 0, "first");
        return new GangRequest(
                runId,
                plan,
                STAGE,
                "short",
                attempt.attempt(),
                attempt.fencingToken(),
                new StartingPoint.Fresh(),
                0,
                lastStep,
                architecture(),
                Map.of(),
                List.of());
    }

    private RankLaunch launch(GangRequest request, Path folder) {
        return new RankLaunch(
                request.runId(),
                STAGE,
                "short",
                1,
                request.fencingToken(),
                0,
                1,
                "127.0.0.1",
                1,
                folder.resolve("reports.sock").toString(),
                folder.toString(),
                folder.toString(),
                server.address("gangs", "tanren/"),
                request.plan(),
                architecture(),
                new InitialState.Random(),
                Map.of(),
                request.lastStep(),
                "runs/" + request.runId() + "/adapt/checkpoints/",
                List.of(),
                null);
    }

    private static Architecture architecture() {
        return new Architecture(
                Architecture.Family.LLAMA, 64, 8, 1, 2, 1, 16, null, true, 10_000, 1e-5, 64);
    }

    private static Plan plan(String name, int ranks) {
        return new Plan(
                Plan.API_VERSION,
                name,
                17,
                new ModelSource.Fresh(architecture(), null),
                Map.of(
                        "code",
                        new Dataset(
                                List.of(),
                                new Dataset.Quality(Dataset.Scorer.NONE, 1),
                                Dataset.Order.SHUFFLED,
                                0.1)),
                List.of(
                        new TrainingStage(
                                STAGE,
                                TrainingStage.Type.PRETRAIN,
                                new TrainingStage.Optimizer(
                                        TrainingStage.OptimizerType.ADAMW,
                                        1e-3,
                                        0.9,
                                        0.95,
                                        1e-8,
                                        0.1,
                                        1.0,
                                        TrainingStage.WeightDecayOn.MATRICES,
                                        null),
                                new TrainingStage.Schedule(
                                        TrainingStage.ScheduleType.CONSTANT,
                                        0,
                                        0,
                                        0,
                                        0.0,
                                        TrainingStage.Course.STAGE),
                                TrainingStage.Precision.FP32,
                                TrainingStage.Activations.NONE,
                                64,
                                1,
                                1,
                                new TrainingStage.Parallelism(
                                        ranks, TrainingStage.Sharding.NONE, 1, false, 1, 1),
                                List.of(
                                        new TrainingStage.Phase(
                                                "short", 16, 640_000, Map.of("code", 1.0), null)),
                                new TrainingStage.Checkpointing(5, 3),
                                null,
                                Objective.CROSS_ENTROPY,
                                null,
                                Anomalies.STANDARD)));
    }

    /// Held until a step is reached, then in another state.
    private static final class FakeLease implements Lease {

        private final long untilStep;
        private final State then;
        private final AtomicLong step = new AtomicLong();
        private final AtomicReference<Boolean> changed = new AtomicReference<>(false);

        FakeLease() {
            this(Long.MAX_VALUE, State.HELD);
        }

        FakeLease(long untilStep, State then) {
            this.untilStep = untilStep;
            this.then = then;
        }

        @Override
        public State state() {
            if (step.get() >= untilStep) {
                changed.set(true);
            }
            return Boolean.TRUE.equals(changed.get()) ? then : State.HELD;
        }

        @Override
        public void progress(long reached) {
            step.set(reached);
        }
    }
}
