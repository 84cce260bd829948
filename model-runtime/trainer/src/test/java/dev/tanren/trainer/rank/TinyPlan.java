package dev.tanren.trainer.rank;

import dev.tanren.spec.plan.Anomalies;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Averaging;
import dev.tanren.spec.plan.Dataset;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A plan that trains in a second: two phases over two datasets.
public final class TinyPlan {

    public static final Architecture ARCHITECTURE = architecture(96, 32, 64);
    public static final int STEPS_OF_PHASE = 6;

    private TinyPlan() {}

    /// @param positions longest sequence
    static Architecture architecture(int vocabulary, int hidden, int positions) {
        return new Architecture(
                Architecture.Family.LLAMA,
                vocabulary,
                hidden,
                2,
                4,
                2,
                48,
                null,
                true,
                10_000,
                1e-5,
                positions);
    }

    /// A stage of two phases of 6 steps, with 8 and 4 sequences a step in micro-batches of 2 and 1.
    public static TrainingStage stage(int everySteps) {
        return stage(everySteps, STEPS_OF_PHASE, 128);
    }

    /// @param steps of each phase
    /// @param batchTokens of a step: a multiple of 32, which is a micro-batch of the first phase
    static TrainingStage stage(int everySteps, int steps, int batchTokens) {
        Map<String, Double> mix = new LinkedHashMap<>();
        mix.put("code", 0.75);
        mix.put("prose", 0.25);
        return new TrainingStage(
                "adapt",
                TrainingStage.Type.PRETRAIN,
                new TrainingStage.Optimizer(
                        TrainingStage.OptimizerType.ADAMW,
                        1e-2,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        1.0,
                        TrainingStage.WeightDecayOn.MATRICES,
                        null),
                new TrainingStage.Schedule(
                        TrainingStage.ScheduleType.WARMUP_STABLE_DECAY,
                        0.1,
                        0.2,
                        0.1,
                        0.0,
                        TrainingStage.Course.STAGE),
                TrainingStage.Precision.FP32,
                TrainingStage.Activations.NONE,
                batchTokens,
                2,
                1,
                new TrainingStage.Parallelism(2, TrainingStage.Sharding.NONE, 1, false, 1, 1),
                List.of(
                        new TrainingStage.Phase("short", 16, (long) batchTokens * steps, mix, null),
                        new TrainingStage.Phase("long", 8, (long) batchTokens * steps, mix, null)),
                new TrainingStage.Checkpointing(everySteps, 3),
                new TrainingStage.Evaluation(4, List.of("code", "prose"), 8),
                Objective.CROSS_ENTROPY,
                null,
                Anomalies.STANDARD);
    }

    /// The stage in another precision.
    static TrainingStage in(TrainingStage.Precision precision, TrainingStage stage) {
        return new TrainingStage(
                stage.id(),
                stage.type(),
                stage.optimizer(),
                stage.schedule(),
                precision,
                stage.activations(),
                stage.globalBatchTokens(),
                stage.microBatch(),
                stage.threadsPerRank(),
                stage.parallelism(),
                stage.phases(),
                stage.checkpoint(),
                stage.evaluation(),
                stage.objective(),
                stage.averaging(),
                stage.anomalies());
    }

    /// The stage with another mix in all its phases.
    static TrainingStage mixing(TrainingStage stage, Map<String, Double> mix) {
        return new TrainingStage(
                stage.id(),
                stage.type(),
                stage.optimizer(),
                stage.schedule(),
                stage.precision(),
                stage.activations(),
                stage.globalBatchTokens(),
                stage.microBatch(),
                stage.threadsPerRank(),
                stage.parallelism(),
                stage.phases().stream()
                        .map(
                                phase ->
                                        new TrainingStage.Phase(
                                                phase.id(),
                                                phase.sequenceLength(),
                                                phase.tokens(),
                                                mix,
                                                phase.enterWhen()))
                        .toList(),
                stage.checkpoint(),
                stage.evaluation(),
                stage.objective(),
                stage.averaging(),
                stage.anomalies());
    }

    /// The same stage with another optimizer and schedule.
    public static TrainingStage with(
            TrainingStage stage,
            TrainingStage.Optimizer optimizer,
            TrainingStage.Schedule schedule) {
        return with(
                stage,
                optimizer,
                schedule,
                stage.phases(),
                stage.evaluation(),
                null,
                stage.anomalies());
    }

    /// The same stage with other parts.
    static TrainingStage with(
            TrainingStage stage,
            TrainingStage.Optimizer optimizer,
            TrainingStage.Schedule schedule,
            List<TrainingStage.Phase> phases,
            TrainingStage.@Nullable Evaluation evaluation,
            @Nullable Averaging averaging,
            Anomalies anomalies) {
        return new TrainingStage(
                stage.id(),
                stage.type(),
                optimizer,
                schedule,
                stage.precision(),
                stage.activations(),
                stage.globalBatchTokens(),
                stage.microBatch(),
                stage.threadsPerRank(),
                stage.parallelism(),
                phases,
                stage.checkpoint(),
                evaluation,
                stage.objective(),
                averaging,
                anomalies);
    }

    public static Plan plan(TrainingStage stage) {
        Dataset dataset =
                new Dataset(
                        List.of(new Dataset.Source("file:./x", null, "text", Dataset.Format.AUTO)),
                        new Dataset.Quality(Dataset.Scorer.NONE, 1),
                        Dataset.Order.SHUFFLED,
                        0.1);
        Map<String, Dataset> datasets = new LinkedHashMap<>();
        datasets.put("code", dataset);
        datasets.put("prose", dataset);
        return new Plan(
                Plan.API_VERSION,
                "tiny",
                17,
                new ModelSource.Fresh(ARCHITECTURE, null),
                datasets,
                List.of(stage));
    }
}
