package dev.tanren.plan.planner;

import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.Timetable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/// How often a phase goes through an entry of its mix.
///
/// @param entry of the mix: a dataset, or a tier of one (`code@gold`)
/// @param blocks of the phase's sequence length that are asked of it
/// @param times tokens that are asked over tokens that there are
/// @param orMore whether it is known only that there are at most so many tokens
public record DataUse(
        String stage,
        String phase,
        String entry,
        int sequenceLength,
        long blocks,
        double times,
        boolean orMore) {

    /// From here on a use is told as a repetition.
    private static final double TOLD = 1.5;

    /// The uses of one dataset, in the order of the plan's phases and by name.
    ///
    /// @param tokens to train on of a tier of it, by the tier's key, or of all for an empty key;
    ///     entries without tokens are left out
    public static List<DataUse> of(Plan plan, String dataset, ToLongFunction<String> tokens) {
        List<DataUse> uses = new ArrayList<>();
        for (TrainingStage stage : trainingStages(plan)) {
            for (Timetable.Entry entry : Timetable.of(stage).entries()) {
                for (Map.Entry<String, Long> mixed : entry.samplesOfMembers().entrySet()) {
                    int at = mixed.getKey().indexOf('@');
                    String name = at < 0 ? mixed.getKey() : mixed.getKey().substring(0, at);
                    long there =
                            name.equals(dataset)
                                    ? tokens.applyAsLong(
                                            at < 0 ? "" : mixed.getKey().substring(at + 1))
                                    : 0;
                    if (there > 0 && mixed.getValue() > 0) {
                        uses.add(use(stage.id(), entry, mixed, there));
                    }
                }
            }
        }
        return uses;
    }

    private static List<TrainingStage> trainingStages(Plan plan) {
        return plan.stages().stream()
                .filter(TrainingStage.class::isInstance)
                .map(TrainingStage.class::cast)
                .toList();
    }

    private static DataUse use(
            String stage, Timetable.Entry entry, Map.Entry<String, Long> mixed, long there) {
        long blocks = mixed.getValue();
        int length = entry.phase().sequenceLength();
        return new DataUse(
                stage,
                entry.phase().id(),
                mixed.getKey(),
                length,
                blocks,
                (double) blocks * length / there,
                false);
    }

    /// The same, where there are at most so many tokens.
    public DataUse atLeast() {
        return new DataUse(stage, phase, entry, sequenceLength, blocks, times, true);
    }

    /// Whether it goes through the data more than once, by more than rounding.
    public boolean repeats() {
        return times >= TOLD;
    }
}
