package dev.tanren.plan.validation;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.OptimizationKeys.AnomalyKeys;
import dev.tanren.plan.validation.OptimizationKeys.OptimizerKeys;
import dev.tanren.plan.validation.OptimizationKeys.ScheduleKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;
import java.util.Optional;

/// What must hold between the keys of [OptimizationKeys]. A setting that would do nothing is an
/// error.
final class OptimizationRules {

    private final Section stage;
    private final Problems problems;

    OptimizationRules(Section stage, Problems problems) {
        this.stage = stage;
        this.problems = problems;
    }

    void check() {
        stage.find(TrainingKeys.OPTIMIZER).ifPresent(this::checkOptimizer);
        stage.find(TrainingKeys.SCHEDULE).ifPresent(this::checkSchedule);
        stage.find(TrainingKeys.ANOMALIES).ifPresent(this::checkAnomalies);
    }

    private void checkOptimizer(Section optimizer) {
        Optional<TrainingStage.OptimizerType> type = optimizer.find(OptimizerKeys.TYPE);
        if (type.isEmpty()) {
            return;
        }
        switch (type.get()) {
            case ADAMW ->
                    refuse(
                            optimizer,
                            "adamw",
                            "sgd and muon",
                            List.of(OptimizerKeys.MOMENTUM, OptimizerKeys.NESTEROV));
            case SGD -> {
                refuse(
                        optimizer,
                        "sgd",
                        "adamw and muon",
                        List.of(OptimizerKeys.BETAS, OptimizerKeys.EPSILON));
                checkNesterov(optimizer);
            }
            case MUON -> checkNesterov(optimizer);
        }
    }

    private void refuse(Section section, String type, String others, List<Key<?>> keys) {
        for (Key<?> key : keys) {
            if (section.gives(key)) {
                Rules.inconsistent(
                        problems,
                        section.placeOf(key),
                        key.name() + " with the optimizer " + type,
                        "a key of " + others + " alone",
                        "Take " + key.name() + " out: " + type + " has no use for it.");
            }
        }
    }

    private void checkNesterov(Section optimizer) {
        boolean still = optimizer.find(OptimizerKeys.MOMENTUM).filter(m -> m == 0).isPresent();
        if (still && optimizer.find(OptimizerKeys.NESTEROV).orElse(false)) {
            Rules.inconsistent(
                    problems,
                    optimizer.placeOf(OptimizerKeys.NESTEROV),
                    "nesterov without momentum",
                    "a momentum above 0, or no nesterov",
                    "Raise momentum, or take nesterov out.");
        }
    }

    private void checkSchedule(Section schedule) {
        double warmup = schedule.find(ScheduleKeys.WARMUP).orElse(0.0);
        double decay = schedule.find(ScheduleKeys.DECAY).orElse(0.0);
        boolean stable =
                schedule.find(ScheduleKeys.TYPE)
                        .filter(TrainingStage.ScheduleType.WARMUP_STABLE_DECAY::equals)
                        .isPresent();
        if (stable && warmup + decay > 1) {
            Rules.inconsistent(
                    problems,
                    schedule.placeOf(ScheduleKeys.WARMUP),
                    "warmup and decay of more than the whole stage",
                    "at most 100% together",
                    "Shorten one of them.");
        }
        if (warmup == 0 && schedule.find(ScheduleKeys.INITIAL).orElse(0.0) > 0) {
            Rules.inconsistent(
                    problems,
                    schedule.placeOf(ScheduleKeys.INITIAL),
                    "an initial rate without a warm-up",
                    "a warmup above 0, or no initial",
                    "Give a warmup, or take initial out.");
        }
    }

    private void checkAnomalies(Section anomalies) {
        boolean looks = anomalies.find(AnomalyKeys.SPIKE).isPresent();
        boolean off = anomalies.gives(AnomalyKeys.SPIKE) && !looks;
        for (Key<?> key : List.<Key<?>>of(AnomalyKeys.WINDOW, AnomalyKeys.THRESHOLD)) {
            if (off && anomalies.gives(key)) {
                Rules.inconsistent(
                        problems,
                        anomalies.placeOf(key),
                        key.name() + " where no jump is looked for",
                        "a policy for spike, or no " + key.name(),
                        "Take " + key.name() + " out, or give spike a policy.");
            }
        }
    }
}
