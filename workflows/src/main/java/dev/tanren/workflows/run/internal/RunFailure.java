package dev.tanren.workflows.run.internal;

import dev.tanren.plan.error.FailureClass;
import dev.tanren.workflows.failure.Failure;
import org.jspecify.annotations.Nullable;

/// What a run says when it has failed for good.
///
/// The mend of an attempt speaks of what happens next by itself, which is nothing any more: it is
/// replaced by what a person can do now. Failures that no attempt could have survived say that
/// already.
final class RunFailure {

    private RunFailure() {}

    /// @param stage that was at work; null where none was
    static Failure forGood(Failure failure, String runId, @Nullable String stage) {
        if (!failure.failureClass().retryable()) {
            return failure;
        }
        return new Failure(
                failure.code(),
                failure.what(),
                failure.where(),
                first(failure.failureClass())
                        + "; then ./tanren run retry "
                        + runId
                        + (stage == null
                                ? " begins anew with what is not finished"
                                : " goes on with stage "
                                        + stage
                                        + " from its newest checkpoint (--dry-run says which step)"
                                        + ", or submit a changed plan"));
    }

    /// What to look at before the same work is tried again.
    private static String first(FailureClass failure) {
        return switch (failure) {
            case RANK_CRASHED ->
                    "the run has ended: read the log of the rank (./tanren run logs) and mend what"
                            + " ended it";
            case HUNG ->
                    "the run has ended: look at the stacks in the ranks' logs (./tanren run logs) for"
                            + " what they wait for, and mend that";
            case ANOMALY ->
                    "the run has ended: look at the samples that its events name, and mend the data"
                            + " or the learning rate";
            case STORAGE ->
                    "the run has ended: see that the object store and the database answer and have"
                            + " room";
            case PREEMPTED -> "the run has ended: see that workers are there and stay";
            case OUT_OF_MEMORY, DIVERGED, DATA, CONFIGURATION, REQUEST, BUG ->
                    "the run has ended: mend what is named";
        };
    }
}
