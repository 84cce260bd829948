package dev.tanren.activities.gang.internal;

import dev.tanren.launch.Report;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.time.Duration;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/// Why a gang ended before its work was done, in words, where no rank can tell.
record GangFailures(GangRequest request) {

    private String stage() {
        return "stage " + request.work().stageId();
    }

    private String attempt() {
        return stage() + ", attempt " + request.work().attempt();
    }

    TanrenException interrupted() {
        return new TanrenException(
                ErrorCode.RANK_PREEMPTED,
                "the worker ends",
                stage(),
                "nothing to do: the work goes on from the last checkpoint");
    }

    TanrenException preempted(long committed) {
        return new TanrenException(
                ErrorCode.RANK_PREEMPTED,
                "the worker was told to end; step " + committed + " is committed",
                stage(),
                "nothing to do: the work goes on from there on a living worker");
    }

    TanrenException unheard(long committed) {
        return new TanrenException(
                ErrorCode.RANK_PREEMPTED,
                "Temporal did not answer the worker's heartbeats; step "
                        + committed
                        + " is committed",
                stage(),
                "see that Temporal runs and can be reached; then the work goes on from there");
    }

    TanrenException lost() {
        return new TanrenException(
                ErrorCode.CHECKPOINT_STALE_ATTEMPT,
                "the attempt does not belong to this worker any more",
                attempt(),
                "nothing to do: a newer attempt has taken over");
    }

    /// @param state what a rank did when it was last heard of, and its process does now
    TanrenException hung(Watchdog.Hung hung, IntFunction<String> state) {
        String ranks =
                hung.ranks().stream()
                        .map(rank -> "rank " + rank + " (" + state.apply(rank) + ")")
                        .collect(Collectors.joining(", "));
        return new TanrenException(
                ErrorCode.RANK_HUNG,
                (hung.deadlock()
                                ? "all ranks have waited for each other"
                                : "no sign of work from " + ranks)
                        + " for "
                        + seconds(hung.silence())
                        + "; the limit was "
                        + seconds(hung.limit())
                        + (hung.deadlock() ? ": " + ranks : ""),
                attempt(),
                "look at the stacks in the logs of these ranks; where a healthy rank is silent for"
                        + " so long, set watchdog.silence of the stage");
    }

    private static String seconds(Duration duration) {
        return "%.1f s".formatted(duration.toMillis() / 1000.0);
    }

    TanrenException promiseExceeded(String what) {
        return new TanrenException(
                ErrorCode.RANK_PROMISE_EXCEEDED,
                what,
                attempt(),
                "nothing to do: the work goes on from the last checkpoint when more is free");
    }

    TanrenException unsaved(long committed) {
        return new TanrenException(
                ErrorCode.INTERNAL,
                "the ranks ended well, but step "
                        + request.work().lastStep()
                        + " was not saved by all of them; the newest is "
                        + committed,
                stage(),
                "report it with the logs of the ranks");
    }

    static TanrenException stoppedBy(Report.AnomalyFound anomaly) {
        boolean rollback = anomaly.action() == Anomalies.Policy.ROLLBACK;
        return new TanrenException(
                rollback ? ErrorCode.TRAINING_ROLLED_BACK : ErrorCode.TRAINING_NEEDS_PERSON,
                "step " + anomaly.step() + " was not applied: " + Ranks.describe(anomaly),
                "samples " + anomaly.samples(),
                rollback
                        ? "nothing to do: the work goes on from the last checkpoint without them"
                        : "look at these samples; resume the run to go on without them, or submit"
                                + " a changed plan, such as one with a lower learning rate");
    }
}
