package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.diagnosis.Bottleneck;
import dev.tanren.plan.diagnosis.Diagnosis;
import dev.tanren.plan.diagnosis.StepTimes;
import dev.tanren.trainer.data.BatchPrefetcher;
import dev.tanren.trainer.distributed.GlooProcessGroup;
import dev.tanren.trainer.model.decoder.LanguageModelHead;
import dev.tanren.trainer.optimizer.AdamW;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real ranks of which one part is slow on purpose, and what the diagnosis of their step times
/// says.
class SlowPartsTest {

    private static final String PHASE = "short";
    private static final InitialState FRESH = new InitialState.Random();

    /// Long beside a step of the tiny model, which takes milliseconds.
    private static final Duration DELAY = Duration.ofMillis(400);

    /// For what a step does three times.
    private static final Duration SHORT = DELAY.dividedBy(3);

    /// Those of a cold machine, as the diagnosis of a run leaves them out.
    private static final int FIRST_STEPS = 2;

    @TempDir static Path folder;

    private static Rig rig;

    @BeforeAll
    static void start() throws Exception {
        rig = Rig.start(folder);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @Test
    void aLoaderThatIsSlowIsNamedAndWithItTheFullMemoryAndTheIdleProcessors() throws Exception {
        try (SlowMethod loader = new SlowMethod(BatchPrefetcher.class, "prepare", DELAY, 1);
                Gang gang = trained(rig.setting("slow-loader").under(loader.wrapper()), 1)) {
            long resident = gang.reports(Report.StepFinished.class).getLast().residentBytes();
            Diagnosis diagnosis =
                    diagnosis(gang, new Diagnosis.Memory(resident, resident + resident / 10));
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.DATA);
            assertThat(diagnosis.evidence())
                    .startsWith("the loader keeps the ranks waiting")
                    .endsWith("with the memory full and the processors idle");
            assertThat(diagnosis.mend()).contains("format tokens-u16");
        }
    }

    @Test
    void aRankThatComputesSlowlyIsWaitedFor() throws Exception {
        try (SlowMethod head =
                        new SlowMethod(LanguageModelHead.class, "lossesAndGradients", DELAY, 1);
                Gang gang = trained(rig.setting("slow-rank").under(head.wrapper()), 2)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.STRAGGLER);
            assertThat(diagnosis.evidence())
                    .containsPattern("^rank [01] computes \\d+\\.\\d+ s a step and the others")
                    .contains("of the step for it");
        }
    }

    @Test
    void aTransportThatIsSlowForAllRanksAlikeIsToldApartFromASlowRank() throws Exception {
        try (SlowMethod transport = new SlowMethod(GlooProcessGroup.class, "exchange", SHORT, 2);
                Gang gang = trained(rig.setting("slow-transport").under(transport.wrapper()), 2)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.COMMUNICATION);
            assertThat(diagnosis.evidence())
                    .containsPattern("^every rank spends at least \\d+ % of the step on sums");
            assertThat(diagnosis.mend()).contains("a faster network");
        }
    }

    @Test
    void anOptimizerThatIsSlowIsBoundByMemory() throws Exception {
        try (SlowMethod optimizer = new SlowMethod(AdamW.class, "step", DELAY, 1);
                Gang gang = trained(rig.setting("slow-optimizer").under(optimizer.wrapper()), 1)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.MEMORY);
            assertThat(diagnosis.evidence())
                    .containsPattern("^the optimizer's pass over all parameters takes \\d+ % of");
        }
    }

    @Test
    void aStoreThatTakesLongHoldsUpTheSaves() throws Exception {
        try (SlowStore store =
                        new SlowStore(
                                rig.s3().endpoint(),
                                line -> line.contains("/checkpoints/") && delays(),
                                () -> {});
                Gang gang = trained(rig.setting("slow-store").through(store.endpoint()), 1)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.CHECKPOINT);
            assertThat(diagnosis.evidence()).startsWith("saving holds the ranks up for");
        }
    }

    @Test
    void aStepOfFewTokensForItsParametersIsBoundByMemory() throws Exception {
        // Eight million parameters, of which half are looked up, and 32 tokens a step.
        Architecture large =
                new Architecture(
                        Architecture.Family.LLAMA,
                        16_384,
                        256,
                        2,
                        4,
                        2,
                        48,
                        null,
                        false,
                        10_000,
                        1e-5,
                        64);
        Gang.Setting setting =
                rig.setting("few-tokens")
                        .with(TinyPlan.plan(TinyPlan.stage(100, 24, 32)))
                        .with(large);
        try (Gang gang = trained(setting, 1)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.MEMORY);
            assertThat(diagnosis.mend()).contains("globalBatchTokens");
        }
    }

    @Test
    void aStepThatNothingHoldsUpIsBoundByItsArithmetic() throws Exception {
        Gang.Setting setting =
                rig.setting("computing")
                        .with(TinyPlan.plan(TinyPlan.stage(100, 12, 1024)))
                        .with(TinyPlan.architecture(96, 256, 64));
        try (Gang gang = trained(setting, 1)) {
            Diagnosis diagnosis = diagnosis(gang, null);
            assertThat(diagnosis.bottleneck()).as("%s", diagnosis).isEqualTo(Bottleneck.COMPUTE);
            assertThat(diagnosis.evidence()).startsWith("forward and backward pass take");
        }
    }

    private static Gang trained(Gang.Setting setting, int ranks) throws Exception {
        Gang gang = Gang.start(setting, PHASE, 1, ranks, FRESH);
        try {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            return gang;
        } catch (Throwable e) {
            gang.close();
            throw e;
        }
    }

    private static Diagnosis diagnosis(Gang gang, Diagnosis.@Nullable Memory memory) {
        List<Report.StepFinished> steps =
                gang.reports(Report.StepFinished.class).stream()
                        .filter(step -> step.step() > FIRST_STEPS)
                        .toList();
        int ranks = 1 + steps.stream().mapToInt(Report.StepFinished::rank).max().orElseThrow();
        return Diagnosis.of(
                IntStream.range(0, ranks)
                        .mapToObj(
                                rank ->
                                        times(
                                                rank,
                                                steps.stream()
                                                        .filter(step -> step.rank() == rank)
                                                        .map(Report.StepFinished::seconds)
                                                        .toList()))
                        .toList(),
                memory);
    }

    private static StepTimes times(int rank, List<Report.StepSeconds> steps) {
        return new StepTimes(
                rank,
                steps.size(),
                sum(steps, Report.StepSeconds::data),
                sum(steps, Report.StepSeconds::copy),
                sum(steps, Report.StepSeconds::forward),
                sum(steps, Report.StepSeconds::backward),
                sum(steps, Report.StepSeconds::communication),
                sum(steps, Report.StepSeconds::optimizer),
                sum(steps, Report.StepSeconds::checkpoint),
                sum(steps, Report.StepSeconds::total));
    }

    private static double sum(
            List<Report.StepSeconds> steps, ToDoubleFunction<Report.StepSeconds> part) {
        return steps.stream().mapToDouble(part).sum();
    }

    /// Lets the write pass after a while.
    private static boolean delays() {
        try {
            Thread.sleep(DELAY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }
}
