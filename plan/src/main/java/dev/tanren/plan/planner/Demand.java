package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.Support;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A stage that is to run on a device: how settings compare with what it asks for now.
///
/// @param device null where it is not known
record Demand(TrainingStage stage, Architecture shape, @Nullable Device device) {

    MemoryEstimate memory(TrainingStage settings) {
        boolean ownMemory = device != null && !device.shared();
        return new MemoryPlanner(settings, shape, ownMemory).estimate();
    }

    /// What must fit into one device's memory: a rank, or all ranks where they share it.
    long needed(TrainingStage settings) {
        long ofRank = memory(settings).totalBytes();
        return device != null && device.shared() ? ofRank * settings.parallelism().ranks() : ofRank;
    }

    boolean fits(TrainingStage settings) {
        return device == null || needed(settings) <= device.memoryBytes();
    }

    double slowdown(TrainingStage settings) {
        return StepTime.ratio(
                new StepTime(stage, shape, device), new StepTime(settings, shape, device));
    }

    Proposal proposal(List<Proposal.Change> changes, TrainingStage settings) {
        return new Proposal(
                settings,
                changes,
                settings.parallelism().ranks(),
                memory(settings),
                needed(settings),
                fits(settings),
                slowdown(settings),
                Support.missing(settings));
    }
}
