package dev.tanren.controlplane.situation;

import dev.tanren.plan.error.FailureClass;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.workflows.training.RetryBudget;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// What a stage's workflow does by itself after an attempt of it has ended.
record NextTry(Facts facts, Troubles troubles) {

    /// Nothing starts in no time.
    private static final long ROUNDED_UP = 499;

    /// What the stage's workflow does after a failure, by the same rule.
    String inWords(Attempt ended, FailureClass failure, Instant at) {
        RetryBudget budget = budget();
        if (!budget.allowsRetryOf(failure)) {
            return switch (failure) {
                case PREEMPTED, DIVERGED -> "the run stops now and waits for a person";
                case RANK_CRASHED, HUNG, ANOMALY, STORAGE ->
                        "the run ends now: %s came no further than step %d"
                                .formatted(
                                        Words.count(budget.failures(), "attempt"),
                                        budget.bestStep());
                case OUT_OF_MEMORY, DATA, CONFIGURATION, REQUEST, BUG ->
                        "the run ends now: the same work would fail again";
            };
        }
        Duration left = Duration.between(facts.now(), at.plus(budget.delayAfter(failure)));
        String tries =
                "attempt %d (try %d of %d without a newer checkpoint)"
                        .formatted(
                                ended.attempt() + 1,
                                budget.nextTry(failure),
                                RetryBudget.triesAfter(failure));
        return tries
                + (left.isPositive()
                        ? " starts in " + Words.duration(left.plusMillis(ROUNDED_UP))
                        : " is being begun")
                + " and goes on "
                + after()
                + leavesOut(ended);
    }

    /// The batch that an anomaly of this attempt leaves out; empty where there is none.
    String leavesOut(Attempt ended) {
        return troubles.leftOut(ended).map(step -> "; it leaves out batch " + step).orElse("");
    }

    private RetryBudget budget() {
        RetryBudget budget = RetryBudget.full();
        for (Attempt attempt : facts.inARow()) {
            Long resumed = attempt.resumeStep();
            if (resumed != null) {
                budget = budget.startingFrom(resumed);
            }
            Optional<FailureClass> failure = Troubles.classOf(attempt);
            if (failure.isPresent()) {
                budget = budget.after(failure.get());
            }
        }
        return budget;
    }

    /// The step that it goes on after.
    String after() {
        return facts.checkpoint() == null
                ? "from the stage's beginning"
                : "after step " + facts.resumeStep();
    }
}
