package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.activities.gang.internal.GangLauncher;
import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.memory.ControlGroups;
import dev.tanren.activities.memory.KernelLog;
import dev.tanren.activities.memory.MemoryLedger;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.activities.process.StoreCredentials;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.objects.RunKeys;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.storage.testing.StartedAttempt;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.StartingPoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A supervisor of small real processes, with a real PostgreSQL and a real S3 server.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
abstract class GangTest {

    static final TrainedOn TRAINED_ON =
            Inputs.of(SmallPlans.ARCHITECTURE, Map.of("code", "datasets/c/manifest.json"));

    static final String STAGE = "adapt";
    static final long MEMORY = 8L << 30;
    static final String CLASSPATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    static final GangSettings SETTINGS = settings(Duration.ofMillis(300));

    static GangSettings settings(Duration afterCrash) {
        return new GangSettings(
                Duration.ofSeconds(30), Duration.ofSeconds(4), Duration.ofSeconds(5), afterCrash);
    }

    Path scratch;

    EmbeddedDatabase database;
    EmbeddedS3 server;
    DatabaseAddress address;
    PostgresRegistry registry;
    S3ObjectStore store;
    CheckpointStore checkpoints;
    GangSupervisor supervisor;
    private int runs;

    @BeforeAll
    void startsDatabaseAndStore(@TempDir Path folder) {
        scratch = folder;
        database = EmbeddedDatabase.start();
        server = EmbeddedS3.start();
        address = database.fresh();
        registry = PostgresRegistry.connect(address);
        store = server.store("gangs", TransferSettings.standard());
        checkpoints = new ObjectCheckpointStore(store, registry);
        supervisor = supervisor(SETTINGS);
    }

    GangSupervisor supervisor(GangSettings settings) {
        return supervisor(settings, memory(MEMORY));
    }

    /// Without control groups and the kernel's log.
    static WorkerMemory memory(long totalBytes) {
        return new WorkerMemory(
                new MemoryLedger(totalBytes),
                ControlGroups.none(),
                new KernelLog(Optional::empty),
                false);
    }

    GangSupervisor supervisor(GangSettings settings, WorkerMemory memory) {
        return supervisor(
                settings, memory, launcher(memory, (threads, arguments) -> fakeRank(arguments)));
    }

    GangSupervisor supervisor(GangSettings settings, WorkerMemory memory, GangLauncher launcher) {
        return new GangSupervisor(
                launcher,
                memory,
                registry,
                store,
                checkpoints,
                scratch,
                scratch.resolve("journal"),
                settings,
                "worker-under-test");
    }

    GangLauncher launcher(WorkerMemory memory, GangLauncher.RankCommand command) {
        return new GangLauncher(
                command,
                server.address("gangs", "tanren/"),
                scratch,
                memory.ledger().totalBytes(),
                new StoreCredentials(
                        server.address("gangs", "tanren/"),
                        server.accessKey(),
                        server.secretKey(),
                        RunKeys.DERIVED));
    }

    @AfterAll
    void stopsThem() {
        registry.close();
        store.close();
        server.close();
        database.close();
    }

    TanrenException failure(GangRequest request, Lease lease) {
        return failure(supervisor, request, lease);
    }

    static TanrenException failure(GangSupervisor of, GangRequest request, Lease lease) {
        return catchThrowableOfType(TanrenException.class, () -> of.run(request, lease));
    }

    Attempts.Attempt attempt(GangRequest request) {
        return registry.attempts().list(request.work().runId()).getFirst();
    }

    String log(GangRequest request, int rank) {
        return new String(
                store.get(
                        "runs/%s/adapt/logs/1/rank-%d.log".formatted(request.work().runId(), rank)),
                StandardCharsets.UTF_8);
    }

    void assertThatNoRankIsLeft(GangRequest request) {
        String mark = "gang-" + request.work().fencingToken() + "/";
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

    static RuntimeCommand fakeRank(List<String> arguments) {
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

    GangRequest request(String behaviour, int ranks, long lastStep) {
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
                StartedAttempt.begin(registry, runId, STAGE, "short", "worker", ranks, 0, "first");
        return new GangRequest(
                new PhaseAttempt(
                        runId,
                        plan,
                        STAGE,
                        "short",
                        attempt.attempt(),
                        attempt.fencingToken(),
                        TRAINED_ON,
                        lastStep,
                        List.of(),
                        List.of()),
                new StartingPoint.Fresh(),
                0);
    }

    RankLaunch launch(GangRequest request, Path folder) {
        return new RankLaunch(
                request.work(),
                0,
                1,
                "127.0.0.1",
                1,
                folder.resolve("reports.sock").toString(),
                folder.toString(),
                folder.toString(),
                server.address("gangs", "tanren/"),
                new InitialState.Random(),
                null);
    }

    private static Plan plan(String name, int ranks) {
        return SmallPlans.plan(
                name,
                SmallPlans.ARCHITECTURE,
                StageBuilder.small()
                        .ranks(ranks)
                        .phases(StageBuilder.phase("short", 16, 640_000))
                        .build());
    }
}
