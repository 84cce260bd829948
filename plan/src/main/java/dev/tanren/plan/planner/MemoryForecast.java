package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Phase;
import java.util.List;

/// What a rank of a phase will take at its highest, from what it takes after its first steps.
///
/// What it has then is measured, not predicted. The planner adds what comes later alone: the copy
/// for checkpoints, evaluations, and phases after this one that take more, such as those with
/// longer sequences.
///
/// Of a rank that computes on a device with its own memory these are of the host's memory, which
/// the rank's limit is of; what it takes of the device is [#deviceBytes].
///
/// @param predictedBytes that the planner expects of this phase and those after it, at most
/// @param stagingBytes of the copy, which is there from the first save on
/// @param evaluationBytes that are there from the first evaluation on
/// @param laterBytes that later phases take beyond this one; 0 where they take less
/// @param deviceBytes that the planner expects of this phase in the device's memory; 0 where the
///     rank computes in the host's
public record MemoryForecast(
        long predictedBytes,
        long stagingBytes,
        long evaluationBytes,
        long laterBytes,
        long deviceBytes) {

    /// Predictions were within this of what ranks took, see `docs/performance.md`.
    private static final double ACCURACY = 0.15;

    /// Of a rank that computes in the host's memory.
    ///
    /// @param phase the rank's
    /// @throws IllegalArgumentException for no phase of the stage
    public static MemoryForecast of(TrainingStage stage, Architecture shape, String phase) {
        return of(stage, shape, phase, false);
    }

    /// @param phase the rank's
    /// @param ownMemory whether the rank computes on a device with its own memory
    /// @throws IllegalArgumentException for no phase of the stage
    public static MemoryForecast of(
            TrainingStage stage, Architecture shape, String phase, boolean ownMemory) {
        List<Phase> left =
                stage.phases().stream().dropWhile(other -> !other.id().equals(phase)).toList();
        if (left.isEmpty()) {
            throw new IllegalArgumentException("no phase " + phase + " in stage " + stage.id());
        }
        MemoryPlanner own = planner(stage, shape, left.subList(0, 1), ownMemory);
        MemoryEstimate now = own.estimate();
        MemoryEstimate most = planner(stage, shape, left, ownMemory).estimate();
        if (ownMemory) {
            return new MemoryForecast(
                    now.hostBytes(),
                    now.bytes(MemoryPlanner.STAGING),
                    0,
                    Math.max(0, most.hostBytes() - now.hostBytes()),
                    now.totalBytes());
        }
        return new MemoryForecast(
                most.totalBytes(),
                now.bytes(MemoryPlanner.STAGING),
                own.evaluation(),
                Math.max(0, most.totalBytes() - now.totalBytes()),
                0);
    }

    private static MemoryPlanner planner(
            TrainingStage stage, Architecture shape, List<Phase> phases, boolean ownMemory) {
        return new MemoryPlanner(
                Settings.phases(stage, phases), shape, ownMemory, EvaluationBatch.of(stage));
    }

    /// Whether a rank would take more than the limit even if it took less than was predicted, as
    /// far as predictions are wrong.
    public boolean certainlyExceeds(long limitBytes) {
        return predictedBytes > limitBytes * (1 + ACCURACY);
    }

    /// The same of the device's own memory.
    public boolean certainlyExceedsDevice(long deviceMemoryBytes) {
        return deviceBytes > deviceMemoryBytes * (1 + ACCURACY);
    }

    /// What a rank is to be promised: the prediction, and as much more as predictions are wrong.
    public long promisedBytes() {
        return Math.round(predictedBytes * (1 + ACCURACY));
    }

    /// What is still to come for a rank that has done steps.
    ///
    /// @param saved whether it has saved
    /// @param evaluated whether it has evaluated
    public long toCome(boolean saved, boolean evaluated) {
        return (saved ? 0 : stagingBytes) + (evaluated ? 0 : evaluationBytes) + laterBytes;
    }

    /// Most bytes that a rank will have had.
    ///
    /// @param residentBytes that it has now
    /// @param peakBytes that it has had at once, to now
    public long neededBytes(long residentBytes, long peakBytes, boolean saved, boolean evaluated) {
        long ofPhase = toCome(saved, evaluated) - laterBytes + residentBytes;
        return Math.max(peakBytes, ofPhase) + laterBytes;
    }
}
