package dev.tanren.workflows.activity;

import dev.tanren.plan.run.PhaseAttempt;
import io.temporal.activity.ActivityInterface;

/// Runs the ranks of one attempt.
@ActivityInterface(namePrefix = "Gang")
public interface GangActivities {

    /// Task queue of gangs alone, on which a worker takes no more than it has slots for.
    String TASK_QUEUE = "tanren-gangs";

    /// Task queue of the gangs that one worker alone is to take.
    ///
    /// @param worker id under which it announces itself
    static String taskQueueOf(String worker) {
        return TASK_QUEUE + "/" + worker;
    }

    /// Launches the ranks, watches them and commits their checkpoints until the phase's last step
    /// is committed.
    ///
    /// Heartbeats with the last step. When it is cancelled, ranks save and end, unless the run is
    /// being cancelled for good: then they are killed. No rank outlives the call.
    ///
    /// Throws `WORKER_FULL` before anything is done where another gang has taken the last slot, and
    /// after some waiting where the worker lacks memory for the gang that another worker has.
    ///
    /// @throws dev.tanren.plan.error.TanrenException whose class says whether another attempt may
    ///     succeed
    GangResult train(GangRequest request);

    /// @param start of the attempt
    /// @param resumeStep last step that is done already
    record GangRequest(PhaseAttempt work, StartingPoint start, long resumeStep) {}

    /// @param fencingToken of the attempt that was asked for
    /// @param finished false where the ranks were stopped before `lastStep`
    /// @param committedStep step of the newest checkpoint the attempt committed or started from
    record GangResult(long fencingToken, boolean finished, long committedStep) {}
}
