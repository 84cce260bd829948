package dev.tanren.plan.error;

/// Why something failed, which alone decides whether it is tried again.
///
/// The class is chosen where an error is thrown, never guessed later from its text.
public enum FailureClass {
    /// The machine was taken away in an orderly or sudden way; resumed elsewhere, outside the retry
    /// budget.
    PREEMPTED(true),
    /// A rank ended by a signal or an unexpected exit code; resumed from the last checkpoint.
    RANK_CRASHED(true),
    /// No step within the watchdog's time; killed and resumed.
    HUNG(true),
    /// The memory limit was reached; the same settings would reach it again.
    OUT_OF_MEMORY(false),
    /// Loss or gradient is not finite, or the loss jumped, and a person must look at it.
    DIVERGED(false),
    /// The same, where the plan wants the step's batch left out: the work goes on from the last
    /// checkpoint without it.
    ANOMALY(true),
    /// The object store or the database failed, is full, or returned bytes with the wrong checksum.
    STORAGE(true),
    /// Input data cannot be read or does not fit the model.
    DATA(false),
    /// The plan or a setting is wrong.
    CONFIGURATION(false),
    /// A request that the caller may not make, or that does not fit the state of what it names.
    REQUEST(false),
    /// An error in Tanren itself.
    BUG(false);

    private final boolean retryable;

    FailureClass(boolean retryable) {
        this.retryable = retryable;
    }

    /// Whether the same work, unchanged, may succeed when it is tried again.
    public boolean retryable() {
        return retryable;
    }
}
