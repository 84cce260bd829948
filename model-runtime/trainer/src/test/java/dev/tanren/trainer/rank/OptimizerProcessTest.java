package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Averaging;
import dev.tanren.plan.ElementType;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.testing.EmbeddedS3;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Optimizers other than AdamW, each with a mean of the weights, through real rank processes.
class OptimizerProcessTest {

    private static final InitialState FRESH = new InitialState.Random();
    private static final String NORM = "model.norm.weight";

    @TempDir static Path folder;
    private static EmbeddedS3 s3;
    private static S3ObjectStore store;
    private static Map<String, String> datasets;

    @BeforeAll
    static void startStore() throws Exception {
        s3 = EmbeddedS3.start();
        store = s3.store("tanren", TransferSettings.standard());
        datasets = TinyData.store(store, folder);
    }

    @AfterAll
    static void stop() {
        store.close();
        s3.close();
    }

    private static TrainingStage stage(TrainingStage.OptimizerType type) {
        TrainingStage.Optimizer optimizer =
                new TrainingStage.Optimizer(
                        type,
                        1e-2,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        1.0,
                        TrainingStage.WeightDecayOn.HIDDEN_MATRICES,
                        switch (type) {
                            case ADAMW -> null;
                            case SGD -> new TrainingStage.Momentum(0.9, true);
                            case MUON -> new TrainingStage.Momentum(0.95, true);
                        });
        Averaging averaging =
                type == TrainingStage.OptimizerType.SGD
                        ? new Averaging.Exponential(0.8)
                        : new Averaging.Last(3);
        return StageBuilder.of(TinyPlan.stage(2)).optimizer(optimizer).averaging(averaging).build();
    }

    private static Gang.Setting setting(String runId, TrainingStage.OptimizerType type) {
        Plan plan = TinyPlan.plan(stage(type));
        List<Stage> stages = new ArrayList<>(plan.stages());
        stages.add(
                new Stage.Export(
                        "release",
                        "adapt",
                        List.of(Stage.Format.HUGGINGFACE),
                        ElementType.FLOAT32,
                        Stage.ExportedWeights.AVERAGED));
        Plan whole =
                new Plan(
                        plan.apiVersion(),
                        plan.name(),
                        plan.seed(),
                        plan.model(),
                        plan.datasets(),
                        stages);
        return new Gang.Setting(
                s3,
                store,
                s3.address("tanren", "tanren/"),
                folder,
                whole,
                TinyPlan.ARCHITECTURE,
                datasets,
                runId,
                List.of(),
                null);
    }

    @ParameterizedTest
    @EnumSource(names = {"SGD", "MUON"})
    void anInterruptedRunOnOtherRanksEndsWithTheBitsOfAnUndisturbedOne(
            TrainingStage.OptimizerType type) throws Exception {
        String name = type.name().toLowerCase(Locale.ROOT);
        Gang.Setting undisturbed = setting(name, type);
        InitialState from = finish(undisturbed, "short", 1, 1, FRESH);
        String hash;
        List<Report.Evaluated> evaluations;
        try (Gang gang = Gang.start(undisturbed, "long", 2, 1, from)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            hash = gang.hash();
            evaluations = gang.reports(Report.Evaluated.class);
            assertAveraged(undisturbed, type, gang);
        }

        Gang.Setting disturbed = setting(name + "-disturbed", type);
        InitialState interrupted;
        try (Gang gang =
                Gang.start(
                        disturbed,
                        "short",
                        1,
                        2,
                        FRESH,
                        (running, report) -> {
                            if (report instanceof Report.StepFinished step && step.step() == 3) {
                                running.process(step.rank()).destroy();
                            }
                        })) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.PREEMPTED);
            interrupted = gang.commit();
        }
        InitialState middle = finish(disturbed, "short", 2, 4, interrupted);
        try (Gang gang = Gang.start(disturbed, "long", 3, 2, middle)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(gang.hash()).isEqualTo(hash);
            assertThat(gang.reports(Report.Evaluated.class))
                    .filteredOn(report -> report.rank() == 0)
                    .isEqualTo(evaluations);
        }
    }

    private static InitialState finish(
            Gang.Setting setting, String phase, long token, int ranks, InitialState from)
            throws Exception {
        try (Gang gang = Gang.start(setting, phase, token, ranks, from)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            return gang.commit();
        }
    }

    /// The mean is measured, saved and published.
    private static void assertAveraged(
            Gang.Setting setting, TrainingStage.OptimizerType type, Gang gang) throws Exception {
        assertThat(gang.reports(Report.Evaluated.class).getLast().datasets())
                .containsOnlyKeys("code", "prose", "code@averaged", "prose@averaged");
        float[] average = gang.saved(12, "average/" + NORM);
        if (type != TrainingStage.OptimizerType.SGD) {
            for (int i = 0; i < average.length; i++) {
                double mean =
                        ((double) gang.saved(8, NORM)[i]
                                        + gang.saved(10, NORM)[i]
                                        + gang.saved(12, NORM)[i])
                                / 3;
                assertThat((double) average[i]).isCloseTo(mean, within(1e-6));
            }
        }
        assertThat(average).isNotEqualTo(gang.saved(12, NORM));
        String target = "runs/" + setting.runId() + "/release/artifacts/";
        try (Gang export = Gang.export(setting, gang.commit().manifestKey(), "", target)) {
            assertThat(export.exitCodes()).as(export::logs).containsOnly(ExitCode.FINISHED);
        }
        Path file = folder.resolve(setting.runId() + ".safetensors");
        Files.write(file, store.get(target + "huggingface/model.safetensors"));
        try (SafetensorsFile published = SafetensorsFile.open(file)) {
            assertThat(published.tensor(NORM).bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
                    .isEqualTo(average);
        }
    }
}
