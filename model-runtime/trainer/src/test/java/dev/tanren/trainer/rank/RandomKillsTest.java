package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ranks that are killed at [#KILLS] points, chosen by chance over their whole life: while they
/// start, while they compute, and while they save. Each gang has one rank or two, by chance too.
class RandomKillsTest {

    private static final int KILLS = 20;
    private static final int SAVE_EVERY = 2;
    private static final int STEPS_OF_PHASE = 20;
    private static final int LAST_STEP = 2 * STEPS_OF_PHASE;
    private static final int SIGKILLED = 128 + 9;
    private static final List<Moment> MOMENTS = List.of(Moment.values());
    private static final InitialState FRESH = new InitialState.Random();

    @TempDir static Path folder;
    private static Rig rig;

    /// Where in its life a rank is killed.
    private enum Moment {
        /// When one of the ranks has said hello or that it is ready.
        START,
        STEP,
        /// With a part of its shard at the object store.
        UPLOAD,
        /// When one of the ranks has saved its shard, so that the other may not have.
        BETWEEN_SHARDS
    }

    /// @param step that is to be reached before
    /// @param delayMillis from there to the kill
    private record Kill(Moment moment, int ranks, int victim, long step, long delayMillis) {

        static Kill choose(Random random, long resumed) {
            int ranks = 1 + random.nextInt(2);
            return new Kill(
                    MOMENTS.get(random.nextInt(MOMENTS.size())),
                    ranks,
                    random.nextInt(ranks),
                    resumed + 1 + random.nextInt(2 * SAVE_EVERY),
                    random.nextInt(8));
        }

        boolean isDue(Report report) {
            return switch (moment) {
                case START ->
                        step % 2 == 0
                                ? report instanceof Report.Hello
                                : report instanceof Report.Ready;
                case STEP ->
                        report instanceof Report.StepFinished finished && finished.step() >= step;
                case UPLOAD -> false;
                case BETWEEN_SHARDS ->
                        report instanceof Report.ShardSaved saved
                                && saved.step() >= step - step % SAVE_EVERY;
            };
        }

        boolean isDueAt(String upload) {
            return moment == Moment.UPLOAD
                    && upload.contains("/checkpoints/")
                    && upload.contains("rank-" + victim + "-of-");
        }

        /// Without holding up the reports that are on their way.
        void strike(Gang gang) {
            Thread.ofVirtual()
                    .start(
                            () -> {
                                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(delayMillis));
                                gang.process(victim).destroyForcibly();
                            });
        }
    }

    @BeforeAll
    static void start() throws IOException {
        rig = Rig.start(folder);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static Gang.Setting setting(String runId) {
        return rig.setting(runId)
                .with(TinyPlan.plan(TinyPlan.stage(SAVE_EVERY, STEPS_OF_PHASE, 128)));
    }

    private static String phaseAfter(long step) {
        return step < STEPS_OF_PHASE ? "short" : "long";
    }

    @Test
    void runsKilledAtTwentyRandomPointsEndWithTheBitsOfAnUndisturbedOne() throws Exception {
        Reference reference = undisturbed();
        long seed = System.nanoTime();
        System.out.println("kills from seed " + seed);
        Random random = new Random(seed);
        int kills = 0;
        for (int run = 1; kills < KILLS; run++) {
            kills += killAndResume(setting("killed-" + run), random, KILLS - kills, reference);
        }
        assertThat(kills).isEqualTo(KILLS);
    }

    private static Reference undisturbed() throws Exception {
        Gang.Setting setting = setting("undisturbed");
        Reference first = Reference.train(setting, phaseAfter(0), 1, FRESH);
        Reference second = Reference.train(setting, phaseAfter(STEPS_OF_PHASE), 1, first.end());
        Map<Long, Report.StepFinished> steps = new HashMap<>(first.steps());
        steps.putAll(second.steps());
        return new Reference(steps, second.hash(), second.end());
    }

    /// One run from its first step to its last.
    ///
    /// @param most kills
    /// @return how often it was killed
    private static int killAndResume(
            Gang.Setting setting, Random random, int most, Reference reference) throws Exception {
        InitialState from = FRESH;
        String hash = "";
        long resumed = 0;
        int kills = 0;
        for (long token = 1; resumed < LAST_STEP; token++) {
            Kill kill = kills < most ? Kill.choose(random, resumed) : null;
            Attempt attempt = attempt(setting, phaseAfter(resumed), token, from, kill);
            reference.assertSame(attempt.steps());
            long reached = attempt.steps().keySet().stream().max(Long::compare).orElse(resumed);
            if (attempt.saved() != null) {
                from = attempt.saved();
                resumed = attempt.saved().step();
                hash = attempt.hash();
            }
            // Those since a save, and those before it where it was under way. The rank that has
            // saved waits for the other one by the next save at the latest.
            assertThat(reached - resumed).as("%s", kill).isLessThanOrEqualTo(2 * SAVE_EVERY);
            kills += attempt.killed() ? 1 : 0;
        }
        assertThat(hash).isEqualTo(reference.hash());
        return kills;
    }

    /// What one gang came to.
    ///
    /// @param killed false where it came to the end of its phase
    /// @param saved what every rank saved last; null where there is nothing
    /// @param hash over that; empty where there is nothing
    private record Attempt(
            boolean killed,
            Map<Long, Report.StepFinished> steps,
            InitialState.@Nullable Resume saved,
            String hash) {}

    /// @param kill null for a gang that is left alone
    private static Attempt attempt(
            Gang.Setting setting, String phase, long token, InitialState from, @Nullable Kill kill)
            throws Exception {
        int ranks = kill == null ? 1 : kill.ranks();
        AtomicBoolean struck = new AtomicBoolean();
        CompletableFuture<Gang> running = new CompletableFuture<>();
        Consumer<Gang> strike =
                gang -> {
                    if (kill != null && struck.compareAndSet(false, true)) {
                        kill.strike(gang);
                    }
                };
        try (SlowStore store =
                        new SlowStore(
                                rig.s3().endpoint(),
                                line -> kill != null && kill.isDueAt(line),
                                () -> strike.accept(running.join()));
                Gang gang =
                        Gang.start(
                                setting.through(store.endpoint()),
                                phase,
                                token,
                                ranks,
                                from,
                                (_, report) -> {
                                    if (kill != null && kill.isDue(report)) {
                                        strike.accept(running.join());
                                    }
                                })) {
            running.complete(gang);
            boolean killed = awaitEnd(gang, ranks);
            if (!killed) {
                assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            }
            boolean saved = gang.savedStep() > 0;
            return new Attempt(
                    killed,
                    Reference.steps(gang),
                    saved ? gang.commit() : null,
                    saved ? gang.hash() : "");
        }
    }

    /// As a worker does: one that ends before its work is done ends the others.
    ///
    /// @return whether one was killed
    private static boolean awaitEnd(Gang gang, int ranks) throws InterruptedException {
        List<Process> processes = IntStream.range(0, ranks).mapToObj(gang::process).toList();
        CompletableFuture.anyOf(
                        processes.stream()
                                .map(Process::onExit)
                                .toArray(CompletableFuture<?>[]::new))
                .join();
        if (processes.stream().anyMatch(RandomKillsTest::endedBeforeItsWorkWasDone)) {
            TimeUnit.MILLISECONDS.sleep(200);
            boolean killed = processes.stream().anyMatch(RandomKillsTest::wasKilled);
            gang.kill();
            gang.exitCodes();
            return killed;
        }
        return gang.exitCodes().contains(SIGKILLED);
    }

    private static boolean endedBeforeItsWorkWasDone(Process process) {
        return !process.isAlive() && process.exitValue() != ExitCode.FINISHED;
    }

    private static boolean wasKilled(Process process) {
        return !process.isAlive() && process.exitValue() == SIGKILLED;
    }
}
