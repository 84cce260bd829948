package dev.tanren.plan.planner;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.tanren.plan.TrainingStage;
import java.util.List;

/// Other settings of a training stage that need less memory, and what they cost.
///
/// The batch of an optimizer step stays as it is, so the curriculum is the same.
///
/// @param stage with the settings changed
/// @param changes the keys that differ, in the order of the ladder
/// @param ranks that the settings need
/// @param memoryPerRank predicted
/// @param neededBytes of a device's memory: of a rank, or of all ranks where they share it
/// @param fits whether that is there; true where the device is not known
/// @param slowdown predicted time of devices for the same tokens as a multiple of what it is now;
///     with as many ranks as now that is the time of a step
/// @param notYet what of it the trainer cannot carry out yet; empty when the settings run today
public record Proposal(
        TrainingStage stage,
        List<Change> changes,
        int ranks,
        MemoryEstimate memoryPerRank,
        long neededBytes,
        boolean fits,
        double slowdown,
        List<String> notYet) {

    public Proposal {
        changes = List.copyOf(changes);
        notYet = List.copyOf(notYet);
    }

    /// @param key of the plan, inside the stage, such as `parallelism.sharding`
    /// @param from the value now, as the plan writes it
    /// @param to the value to write
    /// @param effect what it does, in words
    public record Change(String key, String from, String to, String effect) {
        @Override
        public String toString() {
            return key + ": " + to;
        }
    }

    /// Whether the trainer can carry it out today.
    @JsonIgnore
    public boolean runsNow() {
        return notYet.isEmpty();
    }
}
