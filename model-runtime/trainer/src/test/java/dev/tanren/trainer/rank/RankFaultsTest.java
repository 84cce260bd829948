package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Architecture;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is done to real rank processes while they train: every time, the run that goes on from what
/// is saved ends with the bits of an undisturbed one.
class RankFaultsTest {

    private static final InitialState FRESH = new InitialState.Random();
    private static final String PHASE = "short";

    @TempDir static Path folder;
    private static Rig rig;
    private static Reference reference;

    @BeforeAll
    static void trainUndisturbed() throws Exception {
        rig = Rig.start(folder);
        reference = Reference.train(setting("undisturbed"), PHASE, 1, FRESH);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    /// 24 steps, saving every fourth.
    private static Gang.Setting setting(String runId) {
        return rig.setting(runId).with(TinyPlan.plan(TinyPlan.stage(4, 24, 128)));
    }

    @Test
    void aRankThatIsStoppedAndGoesOnHoldsTheOthersUpAndChangesNothing() throws Exception {
        Random random = random("the stopped rank and its step");
        int victim = random.nextInt(2);
        long at = 1L + random.nextInt(8);
        CountDownLatch stopped = new CountDownLatch(1);
        try (Gang gang =
                Gang.start(
                        setting("stopped"),
                        PHASE,
                        1,
                        2,
                        FRESH,
                        (running, report) -> {
                            if (isStep(report, victim, at)) {
                                running.signal(victim, "STOP");
                                stopped.countDown();
                            }
                        })) {
            assertThat(stopped.await(60, TimeUnit.SECONDS)).as(gang::logs).isTrue();
            Thread.sleep(700); // what both had exchanged already is still finished
            int steps = Reference.steps(gang).size();
            Thread.sleep(700);
            assertThat(Reference.steps(gang)).hasSize(steps);
            assertThat(gang.reports(Report.Failed.class)).isEmpty();
            gang.signal(victim, "CONT");
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            reference.assertSame(Reference.steps(gang));
            assertThat(gang.hash()).isEqualTo(reference.hash());
        }
    }

    @Test
    void aHungGangShowsWhereItHangsAndIsResumedAfterItsKill() throws Exception {
        Random random = random("the hung rank");
        int victim = random.nextInt(2);
        int survivor = 1 - victim;
        Gang.Setting setting = setting("hung");
        InitialState.Resume saved;
        try (Gang gang =
                Gang.start(
                        setting,
                        PHASE,
                        1,
                        2,
                        FRESH,
                        (running, report) -> {
                            if (isStep(report, victim, 10)) {
                                running.signal(victim, "STOP");
                            }
                        })) {
            gang.await(report -> isStep(report, survivor, 10));
            gang.awaitLog(
                    survivor, "GlooProcessGroup.exchange", () -> gang.signal(survivor, "QUIT"));
            assertThat(gang.process(survivor).isAlive()).isTrue();
            gang.kill();
            gang.exitCodes();
            saved = gang.commit();
        }
        reference.assertResumes(setting, PHASE, 2, 2, saved);
    }

    @Test
    void aRankKilledInTheMiddleOfAnUploadLeavesNoShardAndTheSaveBeforeItHolds() throws Exception {
        int victim = random("the rank that is killed while it saves").nextInt(2);
        Gang.Setting setting = setting("cut-off");
        InitialState.Resume saved;
        CompletableFuture<Gang> running = new CompletableFuture<>();
        String shard = shard(8, victim);
        try (SlowStore slow =
                        new SlowStore(
                                rig.s3().endpoint(),
                                line -> line.contains(shard),
                                () -> running.join().process(victim).destroyForcibly());
                Gang gang =
                        Gang.start(
                                setting.through(slow.endpoint()),
                                PHASE,
                                1,
                                2,
                                FRESH,
                                (own, report) -> running.complete(own))) {
            List<Integer> codes = gang.exitCodes();
            assertThat(codes.get(victim)).as(gang::logs).isEqualTo(128 + 9);
            assertThat(codes.get(1 - victim)).isEqualTo(ExitCode.FAILED);
            assertThat(gang.reports(Report.Failed.class))
                    .extracting(Report.Failed::code)
                    .containsExactly("COLLECTIVE_FAILED");
            assertThat(gang.savedStep()).isEqualTo(4);
            saved = gang.commit();
        }
        assertThat(keys("cut-off")).isNotEmpty().noneMatch(key -> key.contains(shard));
        reference.assertResumes(setting, PHASE, 2, 2, saved);
    }

    @Test
    void sigtermDuringASaveFinishesItAndSavesTheLastStepToo() throws Exception {
        Gang.Setting setting = setting("preempted");
        InitialState.Resume saved;
        CountDownLatch stopped = new CountDownLatch(2);
        try (SlowStore slow =
                        new SlowStore(
                                rig.s3().endpoint(),
                                line -> line.contains("/0000000004/"),
                                stopped::countDown);
                Gang gang = Gang.start(setting.through(slow.endpoint()), PHASE, 1, 2, FRESH)) {
            assertThat(stopped.await(60, TimeUnit.SECONDS)).as(gang::logs).isTrue();
            gang.process(0).destroy();
            Thread.sleep(500); // the ranks train on, up to the next save at most
            assertThat(gang.reports(Report.ShardSaved.class)).isEmpty();
            slow.release();
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.PREEMPTED);
            long last = Reference.steps(gang).keySet().stream().max(Long::compare).orElseThrow();
            assertThat(gang.reports(Report.Preempted.class))
                    .hasSize(2)
                    .allMatch(report -> report.step() == last);
            assertThat(last).isBetween(5L, 9L);
            assertThat(gang.reports(Report.ShardSaved.class))
                    .extracting(Report.ShardSaved::step)
                    .contains(4L, last);
            reference.assertSame(Reference.steps(gang));
            saved = gang.commit();
            assertThat(saved.step()).isEqualTo(last);
        }
        reference.assertResumes(setting, PHASE, 2, 2, saved);
    }

    @Test
    void ranksThatWaitForTheStoreSaySoAndGoOnWithTheSameBits() throws Exception {
        Gang.Setting setting = setting("slow-store");
        try (SlowStore slow =
                        new SlowStore(
                                rig.s3().endpoint(),
                                line -> line.contains("/0000000004/"),
                                () -> {});
                Gang gang = Gang.start(setting.through(slow.endpoint()), PHASE, 1, 2, FRESH)) {
            gang.await(
                    report ->
                            report instanceof Report.SaveAwaited waiting && waiting.seconds() > 3);
            assertThat(gang.reports(Report.SaveAwaited.class))
                    .extracting(Report.SaveAwaited::step)
                    .containsOnly(4L);
            slow.release();
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            reference.assertSame(Reference.steps(gang));
            assertThat(gang.hash()).isEqualTo(reference.hash());
        }
    }

    @Test
    void aRankWithoutTheMemoryForItsModelSaysSo() throws Exception {
        // 8 GiB of weights in a process that may have 8 GiB of addresses in all.
        Architecture large = TinyPlan.architecture(1 << 20, 2048, 32);
        Gang.Setting setting = setting("large").with(large).under("prlimit", "--as=" + (8L << 30));
        try (Gang gang = Gang.start(setting, PHASE, 1, 1, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsExactly(ExitCode.FAILED);
            assertThat(gang.reports(Report.Failed.class))
                    .singleElement()
                    .satisfies(
                            failed -> {
                                assertThat(failed.code()).isEqualTo("RANK_OUT_OF_MEMORY");
                                assertThat(failed.mend()).contains("microBatch");
                            });
        }
    }

    private static Random random(String what) {
        long seed = System.nanoTime();
        System.out.println(what + " from seed " + seed);
        return new Random(seed);
    }

    private static boolean isStep(Report report, int rank, long step) {
        return report instanceof Report.StepFinished finished
                && finished.rank() == rank
                && finished.step() == step;
    }

    private static String shard(long step, int rank) {
        String key = CheckpointLayout.shardKey("r", "s", step, 1, "rank-" + rank + "-of-2");
        return key.substring(key.lastIndexOf("/checkpoints/"));
    }

    private static List<String> keys(String run) {
        return rig.store().list("runs/" + run + "/").stream()
                .map(ObjectStore.StoredObject::key)
                .toList();
    }
}
