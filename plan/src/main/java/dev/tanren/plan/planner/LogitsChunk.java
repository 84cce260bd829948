package dev.tanren.plan.planner;

/// How many places' logits a head makes at once: the loss is always computed in chunks. One home
/// for the numbers, so that trainer and planner cannot differ.
public final class LogitsChunk {

    /// Numbers of a chunk in the host's memory, 32 MiB in fp32: each chunk reads the whole weight,
    /// so few chunks pay more than logits that stay in a cache.
    public static final int IN_HOST_MEMORY = 1 << 23;

    /// Numbers of a chunk on a device of its own memory, 128 MiB in fp32: few launches, and little
    /// beside what else a device holds.
    public static final int ON_A_DEVICE = 1 << 25;

    /// At least so many places, however large the vocabulary is.
    private static final int LEAST_PLACES = 16;

    private LogitsChunk() {}

    /// Places of a chunk.
    ///
    /// @param numbers that a chunk is to have
    public static int places(int numbers, int vocabulary) {
        return Math.max(LEAST_PLACES, numbers / vocabulary);
    }
}
