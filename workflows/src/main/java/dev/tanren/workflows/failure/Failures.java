package dev.tanren.workflows.failure;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.failure.TimeoutFailure;
import java.time.Duration;
import java.util.Arrays;

/// Turns coded errors into Temporal's failures and back.
///
/// The type of the failure is the constant name of the [ErrorCode] and its one detail the
/// [Failure], so the class of the failure is known on the other side without reading its text.
public final class Failures {

    /// A worker that was not heard of for so long is taken for dead.
    public static final Duration WORKER_SILENCE = Duration.ofSeconds(8);

    private Failures() {}

    /// What an activity throws. Temporal retries it where the code's class says that the same work
    /// may succeed unchanged.
    public static ApplicationFailure ofActivity(TanrenException error) {
        Failure failure = new Failure(error.code(), error.what(), error.where(), error.mend());
        return ApplicationFailure.newBuilder()
                .setMessage(failure.message())
                .setType(error.code().name())
                .setNonRetryable(!error.failureClass().retryable())
                .setDetails(failure)
                .setCause(error.getCause())
                .build();
    }

    /// What a workflow ends with: never retried by Temporal, because the workflow has decided.
    public static ApplicationFailure ofWorkflow(Failure failure) {
        return ApplicationFailure.newBuilder()
                .setMessage(failure.message())
                .setType(failure.code())
                .setNonRetryable(true)
                .setDetails(failure)
                .build();
    }

    /// What went wrong in an activity or a child workflow.
    public static Failure read(Throwable thrown) {
        return switch (root(thrown)) {
            case ApplicationFailure failure when carries(failure) -> carried(failure);
            case TimeoutFailure timeout -> timedOut(thrown, timeout);
            case TerminatedFailure _ ->
                    new Failure(
                            ErrorCode.RUN_INTERRUPTED,
                            "the workflow was terminated in Temporal",
                            place(thrown),
                            "see who did it in Temporal's history of it, then retry the run");
            case TanrenException error ->
                    new Failure(error.code(), error.what(), error.where(), error.mend());
            case Throwable other ->
                    new Failure(
                            ErrorCode.INTERNAL,
                            "unexpected " + other.getClass().getSimpleName() + ": " + text(other),
                            place(thrown),
                            "look at the worker's log and report it");
        };
    }

    /// Whether the work ended because it was cancelled.
    public static boolean isCancellation(Throwable thrown) {
        return root(thrown) instanceof CanceledFailure;
    }

    /// Whether no worker did anything of an activity: none took it in time, or the one that did had
    /// no room.
    public static boolean isNotTaken(ActivityFailure thrown) {
        return switch (thrown.getCause()) {
            case TimeoutFailure timeout ->
                    timeout.getTimeoutType() == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START;
            case ApplicationFailure failure ->
                    carries(failure) && carried(failure).errorCode() == ErrorCode.WORKER_FULL;
            case null, default -> false;
        };
    }

    /// Whether it is about an answer that none of Tanren's processes gave.
    public static boolean isForged(Throwable thrown) {
        return read(thrown).errorCode() == ErrorCode.PAYLOAD_REFUSED;
    }

    private static Throwable root(Throwable thrown) {
        Throwable current = thrown;
        while ((current instanceof ActivityFailure || current instanceof ChildWorkflowFailure)
                && current.getCause() != null) {
            current = current.getCause();
        }
        return current;
    }

    /// The detail alone says what failed: it is sealed, the type is not.
    private static Failure carried(ApplicationFailure failure) {
        return failure.getDetails().get(Failure.class);
    }

    private static Failure timedOut(Throwable thrown, TimeoutFailure timeout) {
        return new Failure(
                ErrorCode.RANK_PREEMPTED,
                timeout.getTimeoutType() == TimeoutType.TIMEOUT_TYPE_HEARTBEAT
                        ? "the worker is lost: it was not heard of for "
                                + WORKER_SILENCE.toSeconds()
                                + " s or more"
                        : "the work was not done in its time ("
                                + timeout.getTimeoutType().name().replace("TIMEOUT_TYPE_", "")
                                + ")",
                place(thrown),
                "nothing to do: the work goes on from the last checkpoint on a living worker");
    }

    private static String place(Throwable thrown) {
        return switch (thrown) {
            case ActivityFailure activity -> "activity " + activity.getActivityType();
            case ChildWorkflowFailure child -> "workflow " + child.getExecution().getWorkflowId();
            default -> "workflow";
        };
    }

    private static String text(Throwable thrown) {
        return thrown instanceof ApplicationFailure failure
                ? failure.getType() + " " + failure.getOriginalMessage()
                : String.valueOf(thrown.getMessage());
    }

    private static boolean carries(ApplicationFailure failure) {
        return failure.getDetails().getSize() > 0
                && Arrays.stream(ErrorCode.values())
                        .anyMatch(code -> code.name().equals(failure.getType()));
    }
}
