package dev.tanren.trainer.optimizer;

import dev.tanren.plan.Averaging;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.AveragedSteps;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.bytedeco.pytorch.Scalar;
import org.jspecify.annotations.Nullable;

/// A mean of the weights, kept beside them in fp32.
///
/// Which steps are in it follows from the plan, the phases that were left out and the step alone,
/// so a run that was resumed has the bits of one that was not. A step that was not applied changes
/// nothing.
public final class WeightAverage implements AutoCloseable {

    private final Averaging averaging;
    private final @Nullable AveragedSteps steps;
    private final FlatBuffer average;
    private long taken;

    private WeightAverage(
            Averaging averaging, @Nullable AveragedSteps steps, ParameterLayout layout) {
        this.averaging = averaging;
        this.steps = steps;
        this.average = FlatBuffer.allocate(layout);
    }

    /// Zeros, until [#begin] or until it is loaded.
    ///
    /// @param timetable what runs of the stage, as far as it is decided
    public static WeightAverage allocate(
            Averaging averaging, TrainingStage stage, Timetable timetable, ParameterLayout layout) {
        AveragedSteps steps =
                switch (averaging) {
                    case Averaging.Exponential ignored -> null;
                    case Averaging.Last last ->
                            AveragedSteps.of(stage, timetable, last.checkpoints());
                };
        return new WeightAverage(averaging, steps, layout);
    }

    /// Begins with the weights that the stage begins with.
    public void begin(FlatBuffer weights) {
        average.copyFrom(weights);
    }

    /// Goes on from a checkpoint, whose mean is in [#weights()] already.
    ///
    /// @param taken as [#taken()] was
    public void resume(long taken) {
        this.taken = taken;
    }

    /// Takes in the weights at the end of a step.
    ///
    /// @param applied whether the step changed them
    public void after(long step, FlatBuffer weights, boolean applied) {
        switch (averaging) {
            case Averaging.Exponential exponential -> {
                if (applied) {
                    taken++;
                    take(weights, 1 - exponential.decay());
                }
            }
            case Averaging.Last ignored -> {
                if (steps != null && steps.contains(step)) {
                    taken = steps.begins(step) ? 1 : taken + 1;
                    take(weights, 1.0 / taken);
                }
            }
        }
    }

    /// Brings it up to date before it is read: as long as no step is in it, the mean is the weights
    /// themselves.
    public void refresh(FlatBuffer weights) {
        if (taken == 0) {
            average.copyFrom(weights);
        }
    }

    /// How many times weights were taken in since the mean was begun, for checkpoints.
    public long taken() {
        return taken;
    }

    private void take(FlatBuffer weights, double share) {
        try (Scalar factor = new Scalar(share)) {
            average.tensor().lerp_(weights.tensor(), factor);
        }
    }

    /// Which mean it is, as in checkpoints.
    public String type() {
        return switch (averaging) {
            case Averaging.Exponential ignored -> "ema";
            case Averaging.Last ignored -> "last";
        };
    }

    public FlatBuffer weights() {
        return average;
    }

    @Override
    public void close() {
        average.close();
    }
}
