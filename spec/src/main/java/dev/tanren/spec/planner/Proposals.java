package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.validation.Support;
import java.util.List;
import java.util.Optional;

/// What to change when a stage needs more memory than there is, cheapest first.
public final class Proposals {

    private Proposals() {}

    /// The next smaller settings after a rank ran out of memory: the first of these that the
    /// trainer can carry out, and that the planner expects to need less memory than `stage`.
    ///
    /// 1. half the sequences in a micro-batch, twice as many micro-batches: the same global batch
    /// 2. `activations: selective`, then `full` 3. `parallelism.sharding: optimizer`, then
    /// `gradients`, then `full`, where there are data ranks to share with
    ///
    /// The number of ranks stays, and so does the batch of a step; the bits of the result do not,
    /// where micro-batches change.
    ///
    /// @return empty when the trainer knows no smaller settings on as many ranks
    public static Optional<Proposal> smallerThan(TrainingStage stage, Architecture shape) {
        long now = new MemoryPlanner(stage, shape).estimate().totalBytes();
        return Ladder.steps(stage).stream()
                .map(step -> proposal(stage, shape, step))
                .filter(Proposal::runsNow)
                .filter(proposal -> proposal.memoryPerRank().totalBytes() < now)
                .findFirst();
    }

    private static Proposal proposal(TrainingStage stage, Architecture shape, Ladder.Step step) {
        return new Proposal(
                step.stage(),
                List.of(step.change()),
                step.stage().parallelism().ranks(),
                new MemoryPlanner(step.stage(), shape).estimate(),
                Slowdown.of(step.stage()) / Slowdown.of(stage),
                Support.missing(step.stage()));
    }
}
