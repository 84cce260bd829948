package dev.tanren.trainer.parameters;

import dev.tanren.plan.TrainingStage;

/// How a number lies in native memory. Java loops compute in fp32 whatever the memory is.
public enum Format {
    /// IEEE 754 single precision.
    FLOAT32(Float.BYTES),
    /// The upper half of fp32: its range, and 8 bits of precision.
    BFLOAT16(Short.BYTES);

    private final int bytes;

    Format(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one number.
    public int bytes() {
        return bytes;
    }

    /// What matrix products of a stage of this precision read and write.
    public static Format of(TrainingStage.Precision precision) {
        return switch (precision) {
            case FP32 -> FLOAT32;
            case BF16 -> BFLOAT16;
        };
    }
}
