package dev.tanren.plan.run;

import dev.tanren.plan.Plan;
import java.util.List;
import java.util.Objects;

/// One attempt at one phase of a training stage, as worker and ranks are told it alike.
///
/// @param fencingToken rises with every attempt of the stage; part of every object key a rank
///     writes
/// @param trainedOn the model's shape and the datasets; a checkpoint of anything else is refused
/// @param lastStep of the phase: ranks end in good order after it, having saved it
/// @param skippedSteps steps whose batches are left out, because an earlier attempt was rolled back
///     from them
/// @param skippedPhases ids of the stage's phases that were left out before this one: the learning
///     rate's course and the mean of the weights are of those that run
public record PhaseAttempt(
        String runId,
        Plan plan,
        String stageId,
        String phaseId,
        int attempt,
        long fencingToken,
        TrainedOn trainedOn,
        long lastStep,
        List<Long> skippedSteps,
        List<String> skippedPhases) {

    public PhaseAttempt {
        skippedSteps = List.copyOf(Objects.requireNonNullElse(skippedSteps, List.of()));
        skippedPhases = List.copyOf(Objects.requireNonNullElse(skippedPhases, List.of()));
    }
}
