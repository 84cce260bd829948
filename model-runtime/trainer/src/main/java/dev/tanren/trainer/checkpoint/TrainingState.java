package dev.tanren.trainer.checkpoint;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Everything about a model in training that is a tensor. Begins as zeros.
///
/// @param expAvg AdamW's first moment
/// @param expAvgSq AdamW's second moment
public record TrainingState(
        ParameterLayout layout, FlatBuffer weights, FlatBuffer expAvg, FlatBuffer expAvgSq)
        implements AutoCloseable {

    private static final String FIRST_MOMENT = "adamw.exp_avg/";
    private static final String SECOND_MOMENT = "adamw.exp_avg_sq/";

    public static TrainingState allocate(ParameterLayout layout) {
        return new TrainingState(
                layout,
                FlatBuffer.allocate(layout),
                FlatBuffer.allocate(layout),
                FlatBuffer.allocate(layout));
    }

    /// A tensor as it is named in checkpoints, with the memory it lies in.
    public record NamedTensor(String name, List<Long> shape, MemorySegment bytes) {
        public NamedTensor {
            shape = List.copyOf(shape);
        }
    }

    /// The weights under Hugging Face's names.
    public List<NamedTensor> weightTensors() {
        return tensors("", weights);
    }

    /// Weights and moments, in an order that depends on the layout alone.
    public List<NamedTensor> tensors() {
        List<NamedTensor> all = new ArrayList<>(weightTensors());
        all.addAll(tensors(FIRST_MOMENT, expAvg));
        all.addAll(tensors(SECOND_MOMENT, expAvgSq));
        return all;
    }

    private List<NamedTensor> tensors(String prefix, FlatBuffer buffer) {
        List<NamedTensor> tensors = new ArrayList<>();
        for (ParameterLayout.Entry entry : layout.entries()) {
            List<Long> shape = new ArrayList<>();
            for (long size : entry.shape()) {
                shape.add(size);
            }
            tensors.add(
                    new NamedTensor(
                            prefix + entry.name(),
                            shape,
                            buffer.segment()
                                    .asSlice(
                                            entry.offset() * Float.BYTES,
                                            entry.elements() * Float.BYTES)));
        }
        return tensors;
    }

    @Override
    public void close() {
        weights.close();
        expAvg.close();
        expAvgSq.close();
    }
}
