package dev.tanren.spec.planner;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// Which optimizer step of a stage belongs to which phase: a pure function of the plan, so that
/// planner, workflow and ranks never disagree.
///
/// Steps are counted from 1; step 0 is the state before the first step.
public record Timetable(List<Entry> entries) {

    public Timetable {
        entries = List.copyOf(entries);
    }

    /// @param firstStep first step of the phase, 1-based
    /// @param lastStep last step of the phase
    /// @param sequencesPerStep sequences of one optimizer step over all ranks
    /// @param microBatchesPerStep micro-batches of one optimizer step over all ranks
    public record Entry(
            Phase phase,
            long firstStep,
            long lastStep,
            int sequencesPerStep,
            int microBatchesPerStep) {
        public long steps() {
            return lastStep - firstStep + 1;
        }

        /// Samples of the phase: sequences of all its steps.
        public long samples() {
            return steps() * sequencesPerStep;
        }

        /// How many of them come from each member of the mix, as [Timetable#samplesOf] has it.
        public SortedMap<String, Long> samplesOfMembers() {
            return samplesOf(phase.mix(), samples());
        }
    }

    /// How many samples of a phase come from each member of its mix, by name: exact over the phase,
    /// by largest remainder. 0 for a share of 0, and for one that is too small for a sample.
    ///
    /// @param mix shares, at least one above 0
    public static SortedMap<String, Long> samplesOf(Map<String, Double> mix, long samples) {
        return MixShares.of(mix, samples);
    }

    public static Timetable of(TrainingStage stage) {
        List<Entry> entries = new ArrayList<>();
        long next = 1;
        for (Phase phase : stage.phases()) {
            long steps = Math.ceilDiv(phase.tokens(), stage.globalBatchTokens());
            int sequences = Math.toIntExact(stage.globalBatchTokens() / phase.sequenceLength());
            entries.add(
                    new Entry(
                            phase,
                            next,
                            next + steps - 1,
                            sequences,
                            sequences / stage.microBatch()));
            next += steps;
        }
        return new Timetable(entries);
    }

    public long totalSteps() {
        return entries.getLast().lastStep();
    }

    /// @param step 1 to [#totalSteps()]
    public Entry at(long step) {
        return entries.stream()
                .filter(entry -> step >= entry.firstStep() && step <= entry.lastStep())
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no step " + step + " in a stage of " + totalSteps()));
    }

    public Entry of(String phase) {
        return entries.stream()
                .filter(entry -> entry.phase().id().equals(phase))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no phase " + phase));
    }
}
