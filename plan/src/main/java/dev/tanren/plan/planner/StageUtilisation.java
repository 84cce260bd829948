package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.planner.formula.Utilisation;
import java.util.Optional;

/// Model FLOPs utilisation of a stage's steps on a device whose peak is known.
///
/// @param ranks that share a step
/// @param peakFlops of each rank's device, in the precision of the stage's matrix products
public record StageUtilisation(Architecture shape, int ranks, double peakFlops) {

    /// @param driverName what the rank computes on, as its driver names it
    /// @return empty where the peak is not known, as of a CPU
    public static Optional<StageUtilisation> of(
            TrainingStage stage, Architecture shape, String driverName) {
        return Device.ofDriver(driverName)
                .flatMap(device -> Optional.ofNullable(device.peakFlops(stage.precision())))
                .map(peak -> new StageUtilisation(shape, stage.parallelism().ranks(), peak));
    }

    /// The share of the peak that a step's arithmetic took, by torchtitan's convention.
    ///
    /// @param tokens of the step, of all ranks
    /// @param seconds that the step took
    public double ofStep(long tokens, int sequenceLength, double seconds) {
        return Utilisation.modelFlops(
                tokens / seconds / ranks, Flops.perToken(shape, sequenceLength), peakFlops);
    }
}
