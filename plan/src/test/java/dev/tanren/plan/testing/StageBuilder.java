package dev.tanren.plan.testing;

import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Averaging;
import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Course;
import dev.tanren.plan.TrainingStage.OptimizerType;
import dev.tanren.plan.TrainingStage.ScheduleType;
import dev.tanren.plan.TrainingStage.WeightDecayOn;
import dev.tanren.plan.Watchdog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A training stage that differs from a small one, or from another, in what a test is about.
public final class StageBuilder {

    private final TrainingStage from;
    private TrainingStage.Optimizer optimizer;
    private TrainingStage.Schedule schedule;
    private TrainingStage.Precision precision;
    private long globalBatchTokens;
    private int microBatch;
    private TrainingStage.Parallelism parallelism;
    private List<TrainingStage.Phase> phases;
    private TrainingStage.Checkpointing checkpoint;
    private TrainingStage.@Nullable Evaluation evaluation;
    private Objective objective;
    private @Nullable Averaging averaging;
    private Anomalies anomalies;
    private Watchdog watchdog;

    private StageBuilder(TrainingStage from) {
        this.from = from;
        optimizer = from.optimizer();
        schedule = from.schedule();
        precision = from.precision();
        globalBatchTokens = from.globalBatchTokens();
        microBatch = from.microBatch();
        parallelism = from.parallelism();
        phases = from.phases();
        checkpoint = from.checkpoint();
        evaluation = from.evaluation();
        objective = from.objective();
        averaging = from.averaging();
        anomalies = from.anomalies();
        watchdog = from.watchdog();
    }

    /// The stage `adapt`: one rank trains on the dataset `code` in one phase, `short`, of ten steps
    /// of 64 tokens, saves every five and evaluates nothing.
    public static StageBuilder small() {
        return new StageBuilder(
                new TrainingStage(
                        "adapt",
                        TrainingStage.Type.PRETRAIN,
                        adamW(1e-3),
                        new TrainingStage.Schedule(
                                ScheduleType.CONSTANT, 0, 0, 0, 0.0, Course.STAGE),
                        TrainingStage.Precision.FP32,
                        TrainingStage.Activations.NONE,
                        64,
                        1,
                        1,
                        TrainingStage.Parallelism.data(1),
                        List.of(phase("short", 16, 640)),
                        new TrainingStage.Checkpointing(5, 3),
                        null,
                        Objective.CROSS_ENTROPY,
                        null,
                        Anomalies.STANDARD,
                        Watchdog.MEASURED));
    }

    public static StageBuilder of(TrainingStage stage) {
        return new StageBuilder(stage);
    }

    /// AdamW as most tests use it.
    public static TrainingStage.Optimizer adamW(double learningRate) {
        return new TrainingStage.Optimizer(
                OptimizerType.ADAMW,
                learningRate,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                WeightDecayOn.MATRICES,
                null);
    }

    /// A phase over the dataset `code` that is entered without a condition.
    public static TrainingStage.Phase phase(String id, int sequenceLength, long tokens) {
        return new TrainingStage.Phase(id, sequenceLength, tokens, Map.of("code", 1.0), null);
    }

    public StageBuilder optimizer(TrainingStage.Optimizer other) {
        optimizer = other;
        return this;
    }

    public StageBuilder schedule(TrainingStage.Schedule other) {
        schedule = other;
        return this;
    }

    public StageBuilder precision(TrainingStage.Precision other) {
        precision = other;
        return this;
    }

    /// @param tokens of a step
    /// @param sequences of a forward pass
    public StageBuilder batch(long tokens, int sequences) {
        globalBatchTokens = tokens;
        microBatch = sequences;
        return this;
    }

    /// @param ranks data-parallel ones
    public StageBuilder ranks(int ranks) {
        parallelism = TrainingStage.Parallelism.data(ranks);
        return this;
    }

    /// After [#ranks].
    public StageBuilder elasticity(int dataRanks) {
        parallelism = parallelism.withElasticity(dataRanks);
        return this;
    }

    public StageBuilder phases(TrainingStage.Phase... others) {
        phases = List.of(others);
        return this;
    }

    /// Another mix in all phases.
    public StageBuilder mixing(Map<String, Double> mix) {
        phases =
                phases.stream()
                        .map(
                                phase ->
                                        new TrainingStage.Phase(
                                                phase.id(),
                                                phase.sequenceLength(),
                                                phase.tokens(),
                                                mix,
                                                phase.enterWhen()))
                        .toList();
        return this;
    }

    public StageBuilder saving(int everySteps, int keep) {
        checkpoint = new TrainingStage.Checkpointing(everySteps, keep);
        return this;
    }

    public StageBuilder evaluation(TrainingStage.@Nullable Evaluation other) {
        evaluation = other;
        return this;
    }

    public StageBuilder objective(Objective other) {
        objective = other;
        return this;
    }

    public StageBuilder averaging(Averaging other) {
        averaging = other;
        return this;
    }

    public StageBuilder anomalies(Anomalies others) {
        anomalies = others;
        return this;
    }

    /// A limit of silence that does not follow what is measured.
    public StageBuilder silence(Duration limit) {
        watchdog = Watchdog.of(limit);
        return this;
    }

    public TrainingStage build() {
        return new TrainingStage(
                from.id(),
                from.type(),
                optimizer,
                schedule,
                precision,
                from.activations(),
                globalBatchTokens,
                microBatch,
                from.threadsPerRank(),
                parallelism,
                phases,
                checkpoint,
                evaluation,
                objective,
                averaging,
                anomalies,
                watchdog);
    }
}
