package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stages in bf16 through real rank processes.
class Bf16ProcessTest {

    private static final InitialState FRESH = new InitialState.Random();

    @TempDir static Path folder;
    private static Rig rig;
    private static Reference reference;

    @BeforeAll
    static void trainOnOneRank() throws Exception {
        rig = Rig.start(folder);
        Gang.Setting setting = setting("reference");
        try (Gang gang = Gang.start(setting, "short", 1, 1, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            Report.ProductsMeasured measured =
                    gang.reports(Report.ProductsMeasured.class).getFirst();
            assertThat(measured.fp32Gflops()).isPositive();
            assertThat(measured.bf16Gflops()).isPositive();
            assertThat(gang.logs()).contains(measured.inWords());
            reference = Reference.of(gang);
        }
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static Gang.Setting setting(String runId) {
        TrainingStage stage =
                StageBuilder.of(TinyPlan.stage(2)).precision(TrainingStage.Precision.BF16).build();
        return rig.setting(runId).with(TinyPlan.plan(stage));
    }

    @Test
    void twoRanksEndWithTheBitsOfOneAndTheFirstMeasuresProducts() throws Exception {
        try (Gang gang = Gang.start(setting("two"), "short", 1, 2, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            reference.assertSame(Reference.steps(gang));
            assertThat(gang.hash()).isEqualTo(reference.hash());
            assertThat(gang.reports(Report.ProductsMeasured.class))
                    .extracting(Report.ProductsMeasured::rank)
                    .containsExactly(0);
        }
    }

    @Test
    void aRunStoppedOnTwoRanksGoesOnOnOneWithTheSameBits() throws Exception {
        Gang.Setting setting = setting("stopped");
        InitialState.Resume saved;
        try (Gang gang =
                Gang.start(
                        setting,
                        "short",
                        1,
                        2,
                        FRESH,
                        (running, report) -> {
                            if (report instanceof Report.StepFinished step && step.step() == 2) {
                                running.process(step.rank()).destroy();
                            }
                        })) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.PREEMPTED);
            saved = gang.commit();
        }
        reference.assertResumes(setting, "short", 2, 1, saved);
    }

    @Test
    void theLossesAreCloseToThoseInFp32AndNotTheSame() throws Exception {
        Reference fp32 = Reference.train(rig.setting("fp32"), "short", 1, FRESH);
        fp32.steps()
                .forEach(
                        (number, step) -> {
                            double loss = reference.step(number).loss();
                            assertThat(Math.abs(loss - step.loss()) / step.loss())
                                    .as("step %s", number)
                                    .isBetween(1e-9, 0.01);
                        });
    }
}
