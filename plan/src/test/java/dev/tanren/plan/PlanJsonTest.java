package dev.tanren.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage.Phase;
import dev.tanren.plan.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanJsonTest {

    private static final Dataset CODE =
            new Dataset(
                    List.of(
                            new Dataset.Source(
                                    "file:./code", "**/*.java", "text", Dataset.Format.AUTO),
                            new Dataset.Source(
                                    "s3://b/t.bin", null, "text", Dataset.Format.TOKENS_U32)),
                    new Dataset.Quality(Dataset.Scorer.HEURISTIC, 3),
                    Dataset.Order.SEQUENTIAL,
                    0.05);

    @Test
    void aPlanWithEveryKindOfStageReadsBackFromJson() {
        assertReadsBack(
                plan(
                        new ModelSource.Fresh(
                                new Architecture(
                                        Architecture.Family.LLAMA,
                                        64,
                                        32,
                                        2,
                                        4,
                                        2,
                                        48,
                                        16,
                                        true,
                                        5e5,
                                        1e-6,
                                        128),
                                "file:./tokenizer.json")));
    }

    /// As plans were stored that running workflows began with.
    @Test
    void ranksWithoutAnElasticityMeanThemselves() {
        TrainingStage.Parallelism stored =
                Json.read(
                        "{\"data\":4,\"sharding\":\"NONE\",\"tensor\":1,\"sequence\":false,"
                                + "\"pipeline\":1,\"context\":1}",
                        TrainingStage.Parallelism.class);
        assertThat(stored).isEqualTo(TrainingStage.Parallelism.data(4));
    }

    @Test
    void aPlanFromABaseReadsBackFromJson() {
        assertReadsBack(plan(new ModelSource.Base("s3://models/base")));
    }

    private static void assertReadsBack(Plan plan) {
        assertThat(Json.read(Json.write(plan), Plan.class)).isEqualTo(plan);
    }

    private static Plan plan(ModelSource model) {
        return new Plan(
                Plan.API_VERSION,
                "all",
                7,
                model,
                Map.of("code", CODE),
                List.of(
                        training("a", TrainingStage.Type.PRETRAIN, 1.0, evaluation()),
                        training("b", TrainingStage.Type.DISTIL, null, null),
                        new Stage.Evaluate(
                                "c", "b", Map.of("code.loss", new Stage.Requirement(null, 0.5))),
                        new Stage.Approve("d"),
                        new Stage.Export(
                                "e",
                                "b",
                                List.of(Stage.Format.HUGGINGFACE, Stage.Format.DJL),
                                ElementType.BFLOAT16,
                                Stage.ExportedWeights.AVERAGED)));
    }

    @Test
    void anExportFromBeforeThereWasAChoiceOfElementTypesIsFloat32() {
        Stage.Export export =
                Json.read(
                        """
                        {"kind": "export", "id": "e", "of": "b", "formats": ["DJL"]}""",
                        Stage.Export.class);
        assertThat(export).isEqualTo(new Stage.Export("e", "b", List.of(Stage.Format.DJL)));
    }

    /// As runs that began before these keys have it in their histories.
    @Test
    void aStoredStageWithoutTheLaterKeysHasTheirDefaults() {
        String stored =
                Json.write(training("adapt", TrainingStage.Type.CPT, 1.0, null))
                        .replaceAll(",\"objective\":.*\\}$", "}")
                        .replaceAll(",\"weightDecayOn\":\"MATRICES\",\"momentum\":null", "")
                        .replaceAll(",\"initial\":0.0,\"over\":\"STAGE\"", "");
        assertThat(stored).doesNotContain("objective", "weightDecayOn", "initial", "anomalies");
        assertThat(Json.read(stored, Stage.class))
                .isEqualTo(training("adapt", TrainingStage.Type.CPT, 1.0, null));
    }

    @Test
    void aLimitOfSilenceSurvivesItsJson() {
        Watchdog watchdog = Watchdog.of(Duration.ofMinutes(10));
        assertThat(Json.read(Json.write(watchdog), Watchdog.class)).isEqualTo(watchdog);
        assertThat(watchdog.limit()).contains(Duration.ofMinutes(10));
        assertThat(Watchdog.MEASURED.limit()).isEmpty();
    }

    private static TrainingStage.Evaluation evaluation() {
        return new TrainingStage.Evaluation(5, List.of("code"), 4);
    }

    private static TrainingStage training(
            String id,
            TrainingStage.Type type,
            @Nullable Double clip,
            TrainingStage.@Nullable Evaluation evaluation) {
        return new TrainingStage(
                id,
                type,
                new TrainingStage.Optimizer(
                        TrainingStage.OptimizerType.ADAMW,
                        1e-3,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        clip,
                        TrainingStage.WeightDecayOn.MATRICES,
                        null),
                new TrainingStage.Schedule(
                        TrainingStage.ScheduleType.COSINE,
                        0.1,
                        0.9,
                        0,
                        0.0,
                        TrainingStage.Course.STAGE),
                TrainingStage.Precision.BF16,
                TrainingStage.Activations.SELECTIVE,
                256,
                2,
                1,
                new TrainingStage.Parallelism(2, 8, TrainingStage.Sharding.FULL, 2, true, 2, 2),
                List.of(
                        new Phase("x", 64, 1000, Map.of("code@gold", 1.0), null),
                        new Phase(
                                "y",
                                64,
                                1000,
                                Map.of("code", 1.0),
                                new TrainingStage.EntryCondition(
                                        "code.loss", 3.0, null, TrainingStage.Otherwise.PAUSE))),
                new TrainingStage.Checkpointing(10, 2),
                evaluation,
                Objective.CROSS_ENTROPY,
                null,
                Anomalies.STANDARD,
                Watchdog.MEASURED);
    }
}
