package dev.tanren.workflows.activity;

import dev.tanren.workflows.failure.Failures;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import java.time.Duration;

/// Every timeout and retry policy of the platform's activities.
///
/// None but [#gangOn] limits how long an activity waits for a worker: a run waits for capacity, it
/// does not fail for the want of it.
public final class ActivityPolicies {

    /// A worker that was not heard of for so long is taken for dead. The worker beats every second,
    /// so a few lost calls do no harm.
    public static final Duration HEARTBEAT_TIMEOUT = Failures.WORKER_SILENCE;

    /// Events of a history after which a workflow continues as new; the service warns at 10,240.
    public static final long HISTORY_EVENTS = 2_000;

    /// How long a gang waits for the worker that is asked first. One that lives takes it at once.
    private static final Duration ASKED_FIRST = Duration.ofSeconds(3);

    private static final Duration FIRST_RETRY = Duration.ofMillis(500);
    private static final Duration LAST_RETRY = Duration.ofSeconds(10);
    private static final Duration PREPARATION_LIMIT = Duration.ofDays(2);
    private static final Duration PREPARATION_HEARTBEAT = Duration.ofSeconds(30);
    /// Work that waits for memory of its worker: heartbeats tell whether it is alive.
    private static final Duration WITH_ITS_WAIT = Duration.ofDays(365);

    private static final int PREPARATION_TRIES = 10;

    private ActivityPolicies() {}

    /// Reads and writes of the registry: retried until it answers. They take milliseconds; a task
    /// that got lost on its way to a worker is sent again after the timeout.
    public static ActivityOptions registry() {
        return ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofSeconds(10))
                .setRetryOptions(untilItAnswers())
                .build();
    }

    /// Beginning an attempt, which verifies a checkpoint byte by byte: retried until database and
    /// store answer. Cancelling waits until it has ended, so that no attempt appears after it.
    public static ActivityOptions attempt() {
        return ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofHours(2))
                .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .setRetryOptions(untilItAnswers())
                .build();
    }

    /// Models and datasets.
    public static ActivityOptions preparation() {
        return ActivityOptions.newBuilder()
                .setStartToCloseTimeout(PREPARATION_LIMIT)
                .setHeartbeatTimeout(PREPARATION_HEARTBEAT)
                .setRetryOptions(limited())
                .build();
    }

    /// A gang of ranks. Tried once: whether to go on is decided by the workflow, which begins a new
    /// attempt with a new fencing token. Cancelling waits until the ranks have ended.
    public static ActivityOptions gang() {
        return ActivityOptions.newBuilder()
                .setTaskQueue(GangActivities.TASK_QUEUE)
                .setStartToCloseTimeout(WITH_ITS_WAIT)
                .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
                .build();
    }

    /// The same on one worker's own queue, which gives up soon where that worker has no room or is
    /// gone: then [#gang] is to be used.
    public static ActivityOptions gangOn(String worker) {
        return ActivityOptions.newBuilder(gang())
                .setTaskQueue(GangActivities.taskQueueOf(worker))
                .setScheduleToStartTimeout(ASKED_FIRST)
                .build();
    }

    /// Export and evaluation, one process each.
    public static ActivityOptions process() {
        return ActivityOptions.newBuilder()
                .setStartToCloseTimeout(WITH_ITS_WAIT)
                .setHeartbeatTimeout(HEARTBEAT_TIMEOUT)
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .setRetryOptions(limited())
                .build();
    }

    private static RetryOptions untilItAnswers() {
        return RetryOptions.newBuilder()
                .setInitialInterval(FIRST_RETRY)
                .setBackoffCoefficient(2)
                .setMaximumInterval(LAST_RETRY)
                .build();
    }

    private static RetryOptions limited() {
        return RetryOptions.newBuilder(untilItAnswers())
                .setMaximumAttempts(PREPARATION_TRIES)
                .build();
    }
}
