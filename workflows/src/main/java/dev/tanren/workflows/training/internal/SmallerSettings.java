package dev.tanren.workflows.training.internal;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Proposal;
import dev.tanren.spec.planner.Proposals;
import dev.tanren.workflows.failure.Failure;
import java.util.stream.Collectors;

/// Puts the planner's next smaller settings into the failure of a stage that ran out of memory.
final class SmallerSettings {

    private static final long MIB = 1L << 20;

    private SmallerSettings() {}

    /// The same failure, which says first what to change in the plan.
    static Failure proposedIn(Failure failure, TrainingStage stage, Architecture shape) {
        String proposed =
                Proposals.smallerThan(stage, shape)
                        .map(proposal -> words(stage, proposal))
                        .orElse(
                                "the planner knows no smaller settings that keep the batch of a"
                                        + " step: submit the plan with a shorter sequenceLength in"
                                        + " stage "
                                        + stage.id()
                                        + ", or with more data ranks");
        return new Failure(
                failure.code(),
                failure.what(),
                failure.where(),
                proposed + "; or: " + failure.mend());
    }

    private static String words(TrainingStage stage, Proposal proposal) {
        return "submit the plan with "
                + proposal.changes().stream()
                        .map(
                                change ->
                                        change.key()
                                                + ": "
                                                + change.to()
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
