package dev.tanren.plan.validation;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.OptimizationKeys.ScheduleKeys;
import dev.tanren.plan.validation.TrainingKeys.PhaseKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Advises against sorting data from low to high quality under a learning rate that falls to
/// little: the best data then meets the smallest steps, and the order's advantage is lost
/// (arXiv 2511.18903).
final class QualityRamp {

    /// A rate that ends above this share of its peak counts as moderate decay.
    private static final double MODERATE = 0.25;

    private final Section stage;
    private final Problems problems;

    QualityRamp(Section stage, Problems problems) {
        this.stage = stage;
        this.problems = problems;
    }

    void check() {
        List<Located<Section>> phases = stage.find(TrainingKeys.PHASES).orElse(List.of());
        Optional<Section> schedule = stage.find(TrainingKeys.SCHEDULE);
        if (phases.size() < 2 || schedule.isEmpty() || !decaysFully(schedule.get())) {
            return;
        }
        double first = quality(phases.getFirst().value());
        double last = quality(phases.getLast().value());
        if (last > first) {
            problems.advise(
                    schedule.get().placeOf(ScheduleKeys.MINIMUM),
                    "quality that rises from phase to phase under full decay of the learning rate",
                    "moderate decay with such an order",
                    "Raise schedule.minimum above 25% and average the weights, or begin with the best"
                            + " tier.");
        }
    }

    private static boolean decaysFully(Section schedule) {
        boolean falls =
                schedule.find(ScheduleKeys.TYPE)
                        .filter(type -> type != TrainingStage.ScheduleType.CONSTANT)
                        .isPresent();
        return falls && schedule.find(ScheduleKeys.MINIMUM).orElse(1.0) <= MODERATE;
    }

    /// Gold counts 1, bronze -1, silver and whole datasets 0.
    private static double quality(Section phase) {
        double sum = 0;
        for (Map.Entry<String, Located<Double>> entry :
                phase.find(PhaseKeys.MIX).orElse(Map.of()).entrySet()) {
            String tier = entry.getKey().substring(entry.getKey().indexOf('@') + 1);
            double worth =
                    tier.equals(Dataset.Tier.GOLD.key())
                            ? 1
                            : tier.equals(Dataset.Tier.BRONZE.key()) ? -1 : 0;
            sum += worth * entry.getValue().value();
        }
        return sum;
    }
}
