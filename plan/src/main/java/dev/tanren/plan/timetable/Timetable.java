package dev.tanren.plan.timetable;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Phase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;

/// Which optimizer step of a stage belongs to which phase: a pure function of the plan, so that
/// planner, workflow and ranks never disagree.
///
/// Steps are counted from 1; step 0 is the state before the first step. A step's number is its
/// place in the plan: where a phase is left out, those after it keep theirs.
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

        /// How many of them come from each member of the mix, by name: exact over the phase, by
        /// largest remainder. 0 for a share of 0, and for one that is too small for a sample.
        public SortedMap<String, Long> samplesOfMembers() {
            return MixShares.of(phase.mix(), samples());
        }
    }

    public static Timetable of(TrainingStage stage) {
        return of(stage.phases(), stage.globalBatchTokens(), stage.microBatch());
    }

    /// @param globalBatchTokens tokens of one optimizer step over all ranks
    /// @param microBatch sequences of a micro-batch
    public static Timetable of(List<Phase> phases, long globalBatchTokens, int microBatch) {
        List<Entry> entries = new ArrayList<>();
        long next = 1;
        for (Phase phase : phases) {
            long steps = Math.ceilDiv(phase.tokens(), globalBatchTokens);
            int sequences = Math.toIntExact(globalBatchTokens / phase.sequenceLength());
            entries.add(
                    new Entry(phase, next, next + steps - 1, sequences, sequences / microBatch));
            next += steps;
        }
        return new Timetable(entries);
    }

    /// What runs where phases are left out. The other phases' steps keep their numbers.
    ///
    /// @param skipped ids of phases; not of all of them
    public Timetable without(Collection<String> skipped) {
        List<Entry> left =
                entries.stream().filter(entry -> !skipped.contains(entry.phase().id())).toList();
        if (left.isEmpty()) {
            throw new IllegalArgumentException("nothing runs without " + skipped);
        }
        return new Timetable(left);
    }

    /// The number of the last step.
    public long totalSteps() {
        return entries.getLast().lastStep();
    }

    /// How many steps run before a step: less than its number says where phases are left out.
    ///
    /// @param step from 1
    public long stepsBefore(long step) {
        return entries.stream()
                .mapToLong(entry -> Math.clamp(step - entry.firstStep(), 0, entry.steps()))
                .sum();
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
