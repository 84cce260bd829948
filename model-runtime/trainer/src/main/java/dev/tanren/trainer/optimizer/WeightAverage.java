package dev.tanren.trainer.optimizer;

import dev.tanren.spec.plan.Averaging;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Timetable;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Scalar;

/// A mean of the weights, kept beside them in fp32.
///
/// Which steps are in it follows from the plan and the step alone, so a run that was resumed has
/// the bits of one that was not. A step that was not applied changes nothing.
public final class WeightAverage implements AutoCloseable {

    private final Averaging averaging;
    private final Set<Long> checkpointSteps;
    private final FlatBuffer average;
    private long taken;

    private WeightAverage(Averaging averaging, Set<Long> checkpointSteps, ParameterLayout layout) {
        this.averaging = averaging;
        this.checkpointSteps = checkpointSteps;
        this.average = FlatBuffer.allocate(layout);
    }

    /// Zeros, until [#begin] or until it is loaded.
    public static WeightAverage allocate(
            Averaging averaging, TrainingStage stage, ParameterLayout layout) {
        Set<Long> steps =
                switch (averaging) {
                    case Averaging.Exponential ignored -> Set.of();
                    case Averaging.Last last -> last(checkpointSteps(stage), last.checkpoints());
                };
        return new WeightAverage(averaging, steps, layout);
    }

    /// The steps that every undisturbed run of the stage saves at.
    private static NavigableSet<Long> checkpointSteps(TrainingStage stage) {
        NavigableSet<Long> steps = new TreeSet<>();
        for (Timetable.Entry entry : Timetable.of(stage).entries()) {
            steps.add(entry.lastStep());
        }
        int every = stage.checkpoint().everySteps();
        for (long step = every; step <= steps.last(); step += every) {
            steps.add(step);
        }
        return steps;
    }

    private static Set<Long> last(NavigableSet<Long> steps, int count) {
        return steps.descendingSet().stream().limit(count).collect(Collectors.toSet());
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
                if (checkpointSteps.contains(step)) {
                    taken++;
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

    /// How many times weights were taken in, for checkpoints.
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
