package dev.tanren.plan;

import org.jspecify.annotations.Nullable;

/// What happens to a step whose loss or gradient is not finite, or whose loss jumps up. Such a
/// step is never applied.
///
/// A loss jumps where it lies more than `threshold` robust standard deviations above the median of
/// the losses of the phase's last applied steps, as many as `window` and at least 16. The robust
/// standard deviation is 1.4826 times the median absolute deviation, and at least 2.5 % of the
/// median: a loss that hardly varies does not make an ordinary batch an anomaly.
///
/// @param nonFinite for a loss or a gradient that is not finite
/// @param spike for a loss that jumps; null where no step is looked at
/// @param limit steps of the stage that may be left out; the next one waits for a person where the
///     policy is to skip or to roll back
public record Anomalies(
        Policy nonFinite, @Nullable Policy spike, int window, double threshold, int limit) {

    public static final Anomalies STANDARD = new Anomalies(Policy.ROLLBACK, Policy.SKIP, 128, 8, 2);

    public enum Policy {
        /// Leave weights and optimizer as they were, and go on with the next batch.
        SKIP,
        /// Go back to the last checkpoint and leave the step's batch out when it comes again.
        ROLLBACK,
        /// Wait for a person; whoever resumes the run goes on as after a rollback.
        PAUSE,
        FAIL
    }
}
