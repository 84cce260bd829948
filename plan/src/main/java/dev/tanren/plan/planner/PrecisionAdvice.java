package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage.Precision;
import org.jspecify.annotations.Nullable;

/// What a stage's precision means for its speed, in words.
///
/// Only a measurement tells how fast bf16 is. A rank makes one when a stage in bf16 begins; before
/// that, the flags of the processor are all that there is.
final class PrecisionAdvice {

    private static final String MEASURED =
            "the first rank measures both when the stage starts, and says so in the run's events";

    private PrecisionAdvice() {}

    /// @param device null where it is not known
    /// @return null for fp32
    static @Nullable String of(Precision precision, @Nullable Device device) {
        return switch (precision) {
            case FP32 -> null;
            case BF16 -> "bf16: " + bf16(device) + "; " + MEASURED;
        };
    }

    private static String bf16(@Nullable Device device) {
        if (device == null || !device.shared()) {
            return "faster than fp32 where the hardware multiplies bf16, far slower elsewhere";
        }
        return device.bf16Units()
                ? "this machine's processor has units for it, so it should be faster than fp32"
                : "this machine's processor has no units for it, so expect it to be many times"
                        + " slower than fp32";
    }
}
