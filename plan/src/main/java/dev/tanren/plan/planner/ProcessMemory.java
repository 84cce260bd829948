package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;

/// What single processes take at their highest, which a worker starts beside gangs: about, and
/// rather too much than too little.
public final class ProcessMemory {

    private static final int FP32 = 4;

    /// The weights as they were loaded, the copy that is written, and the file on its way.
    private static final int COPIES = 3;

    /// Logits, their log-softmax and what is gathered of it.
    private static final int LOGITS = 3;

    private ProcessMemory() {}

    /// Of a rank that has its runtime and nothing else, in bytes.
    public static long ofIdleRank() {
        return 2 * MemoryPlanner.RUNTIME;
    }

    /// Of the process that writes a checkpoint's weights in published formats, in bytes.
    public static long ofExport(Architecture shape) {
        return MemoryPlanner.RUNTIME + COPIES * FP32 * ParameterCount.of(shape).total();
    }

    /// Of the process that measures a bundle in the inference runtime, in bytes.
    ///
    /// @param sequenceLength tokens of a block
    public static long ofEvaluation(Architecture shape, int sequenceLength) {
        return MemoryPlanner.RUNTIME
                + COPIES * FP32 * ParameterCount.of(shape).total()
                + (long) LOGITS * FP32 * sequenceLength * shape.vocabSize();
    }
}
