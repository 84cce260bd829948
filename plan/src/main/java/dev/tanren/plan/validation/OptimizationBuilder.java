package dev.tanren.plan.validation;

import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Averaging;
import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.OptimizationKeys.AnomalyKeys;
import dev.tanren.plan.validation.OptimizationKeys.AveragingKeys;
import dev.tanren.plan.validation.OptimizationKeys.ObjectiveKeys;
import dev.tanren.plan.validation.OptimizationKeys.OptimizerKeys;
import dev.tanren.plan.validation.OptimizationKeys.ScheduleKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the records of [OptimizationKeys].
final class OptimizationBuilder {

    private static final double SGD_MOMENTUM = 0.9;
    private static final double MUON_MOMENTUM = 0.95;

    private OptimizationBuilder() {}

    static TrainingStage.Optimizer optimizer(Section section) {
        List<Located<Double>> betas = section.get(OptimizerKeys.BETAS);
        TrainingStage.OptimizerType type = section.get(OptimizerKeys.TYPE);
        return new TrainingStage.Optimizer(
                type,
                section.get(OptimizerKeys.LEARNING_RATE),
                betas.getFirst().value(),
                betas.getLast().value(),
                section.get(OptimizerKeys.EPSILON),
                section.get(OptimizerKeys.WEIGHT_DECAY),
                section.find(OptimizerKeys.CLIP_NORM).orElse(null),
                section.get(OptimizerKeys.WEIGHT_DECAY_ON),
                switch (type) {
                    case ADAMW -> null;
                    case SGD -> momentum(section, SGD_MOMENTUM, false);
                    case MUON -> momentum(section, MUON_MOMENTUM, true);
                });
    }

    private static TrainingStage.Momentum momentum(
            Section section, double factor, boolean nesterov) {
        double chosen = section.find(OptimizerKeys.MOMENTUM).orElse(factor);
        return new TrainingStage.Momentum(
                chosen, section.find(OptimizerKeys.NESTEROV).orElse(nesterov && chosen > 0));
    }

    static TrainingStage.Schedule schedule(Section section) {
        return new TrainingStage.Schedule(
                section.get(ScheduleKeys.TYPE),
                section.get(ScheduleKeys.WARMUP),
                section.get(ScheduleKeys.DECAY),
                section.get(ScheduleKeys.MINIMUM),
                section.get(ScheduleKeys.INITIAL),
                section.get(ScheduleKeys.OVER));
    }

    static Objective objective(Section section) {
        return new Objective(
                section.get(ObjectiveKeys.Z_LOSS), section.get(ObjectiveKeys.LABEL_SMOOTHING));
    }

    static Averaging averaging(Section section) {
        return switch (section.get(AveragingKeys.TYPE)) {
            case EMA -> new Averaging.Exponential(section.get(AveragingKeys.DECAY));
            case LAST ->
                    new Averaging.Last(Math.toIntExact(section.get(AveragingKeys.CHECKPOINTS)));
        };
    }

    static Anomalies anomalies(Section section) {
        Anomalies.@Nullable Policy spike = section.find(AnomalyKeys.SPIKE).orElse(null);
        return new Anomalies(
                section.get(AnomalyKeys.NON_FINITE),
                spike,
                Math.toIntExact(section.get(AnomalyKeys.WINDOW)),
                section.get(AnomalyKeys.THRESHOLD),
                Math.toIntExact(section.get(AnomalyKeys.LIMIT)));
    }
}
