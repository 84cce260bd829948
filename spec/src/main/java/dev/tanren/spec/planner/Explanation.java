package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a plan will do, in figures.
///
/// @param model null when the shape of the base is not known yet
public record Explanation(String plan, @Nullable Model model, List<Stage> stages) {

    public Explanation {
        stages = List.copyOf(stages);
    }

    /// @param total all parameters
    /// @param formula how `total` comes about
    public record Model(
            Architecture architecture, ParameterCount parameters, long total, String formula) {}

    /// @param type as the plan writes it
    /// @param training null for stages that do not train
    public record Stage(String id, String type, @Nullable Training training) {}

    /// @param tokens of all steps, padding included
    /// @param checkpoints that are committed over the stage
    /// @param evaluations of each evaluated dataset, first and last included
    /// @param compute null when the shape of the model is not known yet
    public record Training(
            int ranks,
            int threadsPerRank,
            long steps,
            long tokens,
            long sequences,
            long microBatches,
            long checkpoints,
            long evaluations,
            List<Phase> phases,
            @Nullable Compute compute) {
        public Training {
            phases = List.copyOf(phases);
        }
    }

    /// @param firstStep 1-based
    /// @param microBatchesPerRank of one step
    /// @param tokens of all its steps; what the plan asks for, rounded up to whole steps
    public record Phase(
            String id,
            int sequenceLength,
            long firstStep,
            long lastStep,
            long steps,
            int sequencesPerStep,
            int microBatchesPerStep,
            int microBatchesPerRank,
            long tokens) {}

    /// @param flopsPerToken by phase, in the plan's order
    /// @param flops of the whole stage
    /// @param memoryPerRank with its sum in `memoryPerRankBytes`
    /// @param communicationPerStep null on a single rank
    public record Compute(
            List<PhaseFlops> flopsPerToken,
            double flops,
            String flopsFormula,
            MemoryEstimate memoryPerRank,
            long memoryPerRankBytes,
            @Nullable Communication communicationPerStep) {
        public Compute {
            flopsPerToken = List.copyOf(flopsPerToken);
        }
    }

    public record PhaseFlops(String phase, double flopsPerToken) {}

    /// @param bytesPerRank sent by each rank in one optimizer step
    public record Communication(String collective, long bytesPerRank, String formula) {}
}
