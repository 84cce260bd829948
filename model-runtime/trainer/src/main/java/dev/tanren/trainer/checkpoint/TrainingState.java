package dev.tanren.trainer.checkpoint;

import dev.tanren.plan.Averaging;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.optimizer.Optimizer;
import dev.tanren.trainer.optimizer.WeightAverage;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Everything about a model in training that is a tensor. Begins as zeros, and owns all of it.
///
/// @param average null where the plan wants no mean of the weights
public record TrainingState(
        ParameterLayout layout,
        FlatBuffer weights,
        Optimizer optimizer,
        @Nullable WeightAverage average)
        implements AutoCloseable {

    private static final String AVERAGE = "average/";
    private static final String OPTIMIZER_TYPE = "optimizer.type";
    private static final String AVERAGING_TYPE = "averaging.type";
    private static final String AVERAGING_TAKEN = "averaging.taken";
    private static final String ADAMW = "adamw";
    private static final String NONE = "none";

    /// @param timetable what runs of the stage, as far as it is decided
    /// @param device that weights are copied to at each step
    public static TrainingState allocate(
            ParameterLayout layout,
            TrainingStage stage,
            Timetable timetable,
            ComputeDevice device) {
        FlatBuffer weights = FlatBuffer.staging(layout.elements(), device);
        Averaging averaging = stage.averaging();
        return new TrainingState(
                layout,
                weights,
                Optimizer.of(stage.optimizer(), layout, weights),
                averaging == null
                        ? null
                        : WeightAverage.allocate(averaging, stage, timetable, layout));
    }

    /// Without a mean of the weights.
    public static TrainingState allocate(
            ParameterLayout layout, TrainingStage.Optimizer optimizer) {
        FlatBuffer weights = FlatBuffer.allocate(layout);
        return new TrainingState(layout, weights, Optimizer.of(optimizer, layout, weights), null);
    }

    /// A tensor as it is named in checkpoints, with the memory it lies in.
    public record NamedTensor(String name, List<Long> shape, MemorySegment bytes) {
        public NamedTensor {
            shape = List.copyOf(shape);
        }

        private static NamedTensor of(
                String prefix, ParameterLayout.Entry parameter, MemorySegment bytes) {
            List<Long> shape = new ArrayList<>();
            for (long size : parameter.shape()) {
                shape.add(size);
            }
            return new NamedTensor(prefix + parameter.name(), shape, bytes);
        }
    }

    /// A model's weights under Hugging Face's names.
    public static List<NamedTensor> weightTensors(ParameterLayout layout, FlatBuffer weights) {
        return tensors("", layout, weights);
    }

    /// The mean of the weights, as checkpoints name it.
    static List<NamedTensor> averageTensors(ParameterLayout layout, FlatBuffer average) {
        return tensors(AVERAGE, layout, average);
    }

    private static List<NamedTensor> tensors(
            String prefix, ParameterLayout layout, FlatBuffer buffer) {
        return layout.entries().stream()
                .map(
                        parameter ->
                                NamedTensor.of(
                                        prefix,
                                        parameter,
                                        buffer.segment()
                                                .asSlice(
                                                        parameter.offset() * Float.BYTES,
                                                        parameter.elements() * Float.BYTES)))
                .toList();
    }

    /// Weights, the optimizer's state as `<kind>/<parameter>` and the mean as
    /// `average/<parameter>`, in an order that depends on the layout and the plan alone.
    public List<NamedTensor> tensors() {
        List<NamedTensor> all = new ArrayList<>(weightTensors(layout, weights));
        for (Optimizer.State state : optimizer.state()) {
            all.add(NamedTensor.of(state.kind() + "/", state.parameter(), state.bytes()));
        }
        if (average != null) {
            all.addAll(averageTensors(layout, average.weights()));
        }
        return all;
    }

    /// The stage begins with the weights as they are now.
    void begin() {
        if (average != null) {
            average.begin(weights);
        }
    }

    /// Brings the mean up to date after a step.
    ///
    /// @param applied whether the step changed the weights
    public void after(long step, boolean applied) {
        if (average != null) {
            average.after(step, weights, applied);
        }
    }

    /// To be called before the mean is saved or measured.
    public void refreshAverage() {
        if (average != null) {
            average.refresh(weights);
        }
    }

    /// What a checkpoint tells of these tensors.
    public Map<String, String> values() {
        Map<String, String> values = new TreeMap<>();
        values.put(OPTIMIZER_TYPE, optimizer.type());
        values.put(AVERAGING_TYPE, average == null ? NONE : average.type());
        if (average != null) {
            values.put(AVERAGING_TAKEN, Long.toString(average.taken()));
        }
        return values;
    }

    /// Goes on from a checkpoint whose tensors are in place.
    ///
    /// @param values of the checkpoint
    void resume(Map<String, String> values) {
        if (average != null) {
            average.resume(Long.parseLong(values.getOrDefault(AVERAGING_TAKEN, "0")));
        }
    }

    /// @param values of a checkpoint; one that says nothing of them is of AdamW without averaging
    /// @throws TanrenException `CHECKPOINT_OTHER_PLAN` where it has not the state of this optimizer
    ///     and averaging
    void requireSameKinds(Map<String, String> values, String manifestKey) {
        Map<String, String> own = values();
        requireSame("optimizer", own, values, OPTIMIZER_TYPE, ADAMW, manifestKey);
        requireSame("averaging", own, values, AVERAGING_TYPE, NONE, manifestKey);
    }

    /// @param values of the checkpoint
    /// @throws TanrenException `AVERAGE_MISSING` where its mean is of no step
    static void requireAverage(Map<String, String> values, String manifestKey) {
        String type = values.getOrDefault(AVERAGING_TYPE, NONE);
        if (type.equals(NONE) || values.getOrDefault(AVERAGING_TAKEN, "0").equals("0")) {
            throw new TanrenException(
                    ErrorCode.AVERAGE_MISSING,
                    type.equals(NONE)
                            ? "the checkpoint has no mean of the weights"
                            : "no step was taken into the mean of the weights yet (averaging "
                                    + type
                                    + "): it would be the weights themselves",
                    manifestKey,
                    "Export `weights: trained`, or train the stage to its end with averaging.");
        }
    }

    private static void requireSame(
            String what,
            Map<String, String> own,
            Map<String, String> saved,
            String key,
            String before,
            String manifestKey) {
        String wanted = own.getOrDefault(key, before);
        String found = saved.getOrDefault(key, before);
        if (!found.equals(wanted)) {
            throw new TanrenException(
                    ErrorCode.CHECKPOINT_OTHER_PLAN,
                    "the checkpoint has the state of "
                            + what
                            + " "
                            + found
                            + ", the plan wants "
                            + wanted,
                    manifestKey,
                    "Resume with "
                            + what
                            + " "
                            + found
                            + ", or begin a new stage with the weights of this one.");
        }
    }

    @Override
    public void close() {
        if (average != null) {
            average.close();
        }
        optimizer.close();
        weights.close();
    }
}
