package dev.tanren.trainer.rank;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
        long tokens = (long) batchTokens * steps;
        return StageBuilder.small()
                .optimizer(StageBuilder.adamW(1e-2))
                .schedule(
                        new TrainingStage.Schedule(
                                TrainingStage.ScheduleType.WARMUP_STABLE_DECAY,
                                0.1,
                                0.2,
                                0.1,
                                0.0,
                                TrainingStage.Course.STAGE))
                .batch(batchTokens, 2)
                .ranks(2)
                .elasticity(8)
                .phases(
                        new TrainingStage.Phase("short", 16, tokens, mix, null),
                        new TrainingStage.Phase("long", 8, tokens, mix, null))
                .saving(everySteps, 3)
                .evaluation(new TrainingStage.Evaluation(4, List.of("code", "prose"), 8))
                .build();
    }

    public static Plan plan(TrainingStage stage) {
        Map<String, Dataset> datasets = new LinkedHashMap<>();
        datasets.put("code", SmallPlans.dataset());
        datasets.put("prose", SmallPlans.dataset());
        return SmallPlans.plan("tiny", ARCHITECTURE, datasets, stage);
    }
}
