package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What to change when a stage needs more memory than there is, cheapest first.
public final class Proposals {

    private static final long MIB = 1L << 20;

    private Proposals() {}

    /// The next smaller settings after a rank ran out of memory: the first of these that the
    /// trainer can carry out, and that the planner expects to need less memory than `stage`.
    ///
    /// 1. fewer sequences in a micro-batch (half of them where their number is even), and as many
    /// more micro-batches: the same global batch 2. `activations: selective`, then `full` 3.
    /// `parallelism.sharding: optimizer`, then `gradients`, then `full`, where there are data ranks
    /// to share with
    ///
    /// Before these stands no elasticity beyond the ranks that there are.
    ///
    /// The number of ranks stays, and so does the batch of a step; the bits of the result do not,
    /// where micro-batches change, or the runs that they are summed in.
    ///
    /// @return empty when the trainer knows no smaller settings on as many ranks
    public static Optional<Proposal> smallerThan(TrainingStage stage, Architecture shape) {
        Demand demand = new Demand(stage, shape, null);
        long now = demand.memory(stage).totalBytes();
        return Ladder.single(stage).stream()
                .map(step -> demand.proposal(List.of(step.change()), step.stage()))
                .filter(Proposal::runsNow)
                .filter(proposal -> proposal.memoryPerRank().totalBytes() < now)
                .findFirst();
    }

    /// The settings on as many ranks that take least time among those that the trainer can carry
    /// out and that the planner expects to fit.
    ///
    /// @param bytesPerRank what a rank may take by the planner's count
    /// @return empty when no settings on as many ranks fit
    public static Optional<Proposal> within(
            TrainingStage stage, Architecture shape, long bytesPerRank) {
        return Combinations.within(new Demand(stage, shape, null), bytesPerRank);
    }

    /// What to do about a stage whose ranks lack memory, in words for its user.
    ///
    /// @param proposal empty where the planner has none
    public static String advice(TrainingStage stage, Optional<Proposal> proposal) {
        return proposal.map(smaller -> advice(stage, smaller))
                .orElse(
                        "the planner knows no smaller settings that keep the batch of a step:"
                                + " submit the plan with a shorter sequenceLength in stage "
                                + stage.id()
                                + ", or with more data ranks");
    }

    private static String advice(TrainingStage stage, Proposal proposal) {
        return "submit the plan with "
                + proposal.changes().stream()
                        .map(
                                change ->
                                        change
                                                + " (it is "
                                                + change.from()
                                                + "; "
                                                + change.effect()
                                                + ")")
                        .collect(Collectors.joining(" and "))
                + " in stage "
                + stage.id()
                + ", which needs about "
                + Math.ceilDiv(proposal.memoryPerRank().totalBytes(), MIB)
                + " MiB a rank";
    }
}
