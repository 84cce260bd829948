package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;
import java.util.List;
import java.util.Objects;

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

    /// @param lastStep last step of the phase
    /// @param trainedOn what the run was prepared for
    /// @param skippedSteps of [AttemptActivities.Begun]
    /// @param skippedPhases of [AttemptActivities.Begun]
    record GangRequest(
            String runId,
            Plan plan,
            String stageId,
            String phaseId,
            int attempt,
            long fencingToken,
            StartingPoint start,
            long resumeStep,
            long lastStep,
            TrainedOn trainedOn,
            List<Long> skippedSteps,
            List<String> skippedPhases) {
        public GangRequest {
            skippedSteps = List.copyOf(Objects.requireNonNullElse(skippedSteps, List.of()));
            skippedPhases = List.copyOf(Objects.requireNonNullElse(skippedPhases, List.of()));
        }
    }

    /// @param fencingToken of the attempt that was asked for
    /// @param finished false where the ranks were stopped before `lastStep`
    /// @param committedStep step of the newest checkpoint the attempt committed or started from
    record GangResult(long fencingToken, boolean finished, long committedStep) {}
}
