package dev.tanren.plan.validation;

import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.TrainingStage.Phase;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.plan.validation.TrainingKeys.EntryKeys;
import dev.tanren.plan.validation.TrainingKeys.PhaseKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Section;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The steps of a stage that is still being checked.
final class PlannedPhases {

    private PlannedPhases() {}

    /// Empty where keys that it rests on are missing or wrong, which is reported by itself.
    static Optional<Timetable> of(Section stage) {
        Optional<Long> batch = stage.find(TrainingKeys.GLOBAL_BATCH_TOKENS);
        Optional<Long> microBatch = stage.find(TrainingKeys.MICRO_BATCH);
        List<Phase> phases = new ArrayList<>();
        List<Located<Section>> sections = stage.find(TrainingKeys.PHASES).orElse(List.of());
        sections.forEach(section -> phase(section.value()).ifPresent(phases::add));
        if (batch.isEmpty()
                || microBatch.isEmpty()
                || phases.isEmpty()
                || phases.size() < sections.size()) {
            return Optional.empty();
        }
        return Optional.of(Timetable.of(phases, batch.get(), Math.toIntExact(microBatch.get())));
    }

    private static Optional<Phase> phase(Section section) {
        Optional<String> id = section.find(PhaseKeys.ID);
        Optional<Long> length = section.find(PhaseKeys.SEQUENCE_LENGTH);
        Optional<Long> tokens = section.find(PhaseKeys.TOKENS);
        Map<String, Double> mix = new LinkedHashMap<>();
        section.find(PhaseKeys.MIX)
                .orElse(Map.of())
                .forEach((name, share) -> mix.put(name, share.value()));
        if (id.isEmpty() || length.isEmpty() || tokens.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new Phase(
                        id.get(),
                        Math.toIntExact(length.get()),
                        tokens.get(),
                        mix,
                        condition(section)));
    }

    private static @Nullable EntryCondition condition(Section section) {
        return section.find(PhaseKeys.ENTER_WHEN)
                .flatMap(when -> when.find(EntryKeys.OTHERWISE))
                .map(otherwise -> new EntryCondition("", null, null, otherwise))
                .orElse(null);
    }
}
