package dev.tanren.plan.diagnosis;

import java.util.LinkedHashMap;
import java.util.Map;

/// Seconds of one rank over some steps, by part of the step.
///
/// What the parts leave of the total is unaccounted.
///
/// @param steps how many the seconds are of
/// @param data waiting for the next batch
/// @param copy weights to where they are computed with, and gradients back; on a CPU the rounding
///     to bf16, else 0
/// @param communication sums over ranks, and waiting for the slowest of them
/// @param checkpoint what saving holds up: the snapshot, and waiting for the upload before it
public record StepTimes(
        int rank,
        long steps,
        double data,
        double copy,
        double forward,
        double backward,
        double communication,
        double optimizer,
        double checkpoint,
        double total) {

    public StepTimes {
        if (steps < 1 || !(total > 0)) {
            throw new IllegalArgumentException(
                    "no time to divide: " + steps + " steps, " + total + " seconds");
        }
    }

    /// The fraction of the total that each part takes, with `other` for the rest.
    public Map<String, Double> shares() {
        Map<String, Double> shares = new LinkedHashMap<>();
        shares.put("data", data / total);
        shares.put("copy", copy / total);
        shares.put("forward", forward / total);
        shares.put("backward", backward / total);
        shares.put("communication", communication / total);
        shares.put("optimizer", optimizer / total);
        shares.put("checkpoint", checkpoint / total);
        double known = shares.values().stream().mapToDouble(Double::doubleValue).sum();
        shares.put("other", Math.max(0, 1 - known));
        return shares;
    }

    /// Seconds of a step in which this rank computes.
    double computePerStep() {
        return (forward + backward) / steps;
    }
}
