package dev.tanren.workflows.training;

import dev.tanren.plan.error.FailureClass;
import java.time.Duration;

/// How often a stage was tried in vain since it last came further.
///
/// A checkpoint beyond the best one so far fills the budget again, so a long run survives any
/// number of faults, and one that cannot get past a point ends. Preemptions have a budget of their
/// own, with longer delays: they are seldom the work's fault, but a gang that takes its worker down
/// with it looks like one. When it is spent the run does not fail, it waits for a person.
///
/// @param failures failed attempts that count, without progress
/// @param preemptions preempted attempts without progress
/// @param bestStep newest step that an attempt started from
public record RetryBudget(int failures, int preemptions, long bestStep) {

    private static final int CRASHES = 5;
    private static final int STORAGE_FAILURES = 3;
    private static final int PREEMPTIONS = 12;
    private static final Duration FIRST_DELAY = Duration.ofSeconds(1);
    private static final Duration LAST_DELAY = Duration.ofMinutes(1);
    private static final Duration LAST_DELAY_OF_PREEMPTIONS = Duration.ofMinutes(10);

    public static RetryBudget full() {
        return new RetryBudget(0, 0, 0);
    }

    /// The budget when an attempt starts from `resumeStep`.
    public RetryBudget startingFrom(long resumeStep) {
        return resumeStep > bestStep ? new RetryBudget(0, 0, resumeStep) : this;
    }

    /// The budget after a failure.
    public RetryBudget after(FailureClass failure) {
        return failure == FailureClass.PREEMPTED
                ? new RetryBudget(failures, preemptions + 1, bestStep)
                : new RetryBudget(failures + 1, preemptions, bestStep);
    }

    /// Whether the stage may be tried again after the failure that [#after] counted last.
    public boolean allowsRetryOf(FailureClass failure) {
        return nextTry(failure) <= triesAfter(failure);
    }

    /// Which try without progress the next one would be, after the failure that [#after] counted
    /// last.
    public int nextTry(FailureClass failure) {
        return 1 + (failure == FailureClass.PREEMPTED ? preemptions : failures);
    }

    /// How many tries without progress there are at most where the last failure is of this class;
    /// after the last of them a run ends, or waits for a person after preemptions.
    public static int triesAfter(FailureClass failure) {
        return switch (failure) {
            case PREEMPTED -> PREEMPTIONS + 1;
            case RANK_CRASHED, HUNG, ANOMALY -> CRASHES + 1;
            case STORAGE -> STORAGE_FAILURES + 1;
            case OUT_OF_MEMORY, DIVERGED, DATA, CONFIGURATION, REQUEST, BUG -> 1;
        };
    }

    /// How long to wait before the next attempt: nothing after the first fault, then doubling.
    /// Storage gets a second at once, because it is seldom back sooner.
    public Duration delayAfter(FailureClass failure) {
        int inVain = failure == FailureClass.PREEMPTED ? preemptions : failures;
        int doublings = failure == FailureClass.STORAGE ? inVain - 1 : inVain - 2;
        if (doublings < 0) {
            return Duration.ZERO;
        }
        Duration longest =
                failure == FailureClass.PREEMPTED ? LAST_DELAY_OF_PREEMPTIONS : LAST_DELAY;
        Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(doublings, 10));
        return delay.compareTo(longest) > 0 ? longest : delay;
    }
}
