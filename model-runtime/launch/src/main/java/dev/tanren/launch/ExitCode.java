package dev.tanren.launch;

/// How a launched process ends; the numbers follow `sysexits.h` where it has one.
public final class ExitCode {
    public static final int FINISHED = 0;
    /// A [Report.Failed] says why.
    public static final int FAILED = 70;
    /// SIGTERM was obeyed: the state is saved, the work is not finished.
    public static final int PREEMPTED = 75;
    /// The worker's socket closed.
    public static final int ORPHANED = 76;
    /// A [Report.AnomalyFound] wants a rollback or a person.
    public static final int ANOMALY = 77;
    /// The launch file or environment is unusable.
    public static final int MISLAUNCHED = 78;

    private ExitCode() {}
}
