package dev.tanren.deploy.stack.internal;

/// How the machine's memory is shared out between the parts of the embedded stack and what its
/// workers launch.
final class StackMemory {

    /// What database, object store, Temporal, control plane and supervisor take at work, about.
    private static final long PARTS = 1_536L << 20;

    /// What a worker's own process takes beside what it launches.
    private static final long WORKER = 640L << 20;

    /// Of a machine that is too small for all of it.
    private static final int LEAST_SHARE = 2;

    private StackMemory() {}

    /// What all processes that one worker launches may have together, in bytes.
    ///
    /// @param machineBytes of the machine, or its control group
    static long ofWorker(long machineBytes, int workers) {
        long left = machineBytes - PARTS - workers * WORKER;
        return Math.max(left, machineBytes / LEAST_SHARE) / workers;
    }
}
