package dev.tanren.workflows.training.internal;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.planner.Proposals;
import dev.tanren.workflows.failure.Failure;

/// Puts the planner's next smaller settings into the failure of a stage that ran out of memory.
final class SmallerSettings {

    private SmallerSettings() {}

    /// The same failure, which says first what to change in the plan. A rank that ended by itself
    /// before its memory ran out has said so already, with settings that fit what it measured.
    static Failure proposedIn(Failure failure, TrainingStage stage, Architecture shape) {
        if (failure.errorCode() == ErrorCode.RANK_MEMORY_LIMIT) {
            return failure;
        }
        return new Failure(
                failure.code(),
                failure.what(),
                failure.where(),
                Proposals.advice(stage, Proposals.smallerThan(stage, shape))
                        + "; or: "
                        + failure.mend());
    }
}
