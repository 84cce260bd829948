package dev.tanren.workflows;

import dev.tanren.spec.plan.Anomalies;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Dataset;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.Stage;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.EntryCondition;
import dev.tanren.spec.plan.TrainingStage.Phase;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Plans of two phases of ten steps each, `short` (1 to 10) and `long` (11 to 20).
final class Plans {

    private Plans() {}

    static Plan twoPhases() {
        return twoPhases(null);
    }

    static Plan twoPhases(@Nullable EntryCondition enterLong) {
        return plan(List.of(training(enterLong)));
    }

    static Plan published() {
        return plan(
                List.of(
                        training(null),
                        new Stage.Export("release", "adapt", List.of(Stage.Format.HUGGINGFACE)),
                        new Stage.Evaluate(
                                "gate",
                                "release",
                                Map.of("code.perplexity", new Stage.Requirement(20.0, null)))));
    }

    private static Plan plan(List<Stage> stages) {
        return new Plan(
                Plan.API_VERSION,
                "test",
                17,
                new ModelSource.Fresh(
                        new Architecture(
                                Architecture.Family.LLAMA,
                                64,
                                8,
                                4,
                                2,
                                1,
                                16,
                                null,
                                true,
                                10_000,
                                1e-5,
                                64),
                        "file:/tokenizer.json"),
                Map.of(
                        "code",
                        new Dataset(
                                List.of(
                                        new Dataset.Source(
                                                "file:/corpus", null, "text", Dataset.Format.AUTO)),
                                new Dataset.Quality(Dataset.Scorer.NONE, 1),
                                Dataset.Order.SHUFFLED,
                                0.1)),
                stages);
    }

    private static TrainingStage training(@Nullable EntryCondition enterLong) {
        return new TrainingStage(
                "adapt",
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
                new TrainingStage.Parallelism(1, TrainingStage.Sharding.NONE, 1, false, 1, 1),
                List.of(
                        new Phase("short", 16, 640, Map.of("code", 1.0), null),
                        new Phase("long", 32, 640, Map.of("code", 1.0), enterLong)),
                new TrainingStage.Checkpointing(5, 2),
                null,
                Objective.CROSS_ENTROPY,
                null,
                Anomalies.STANDARD);
    }
}
