package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.Format;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the segments of a model share during one micro-batch.
///
/// @param keeping what lasts from a layer's forward to its backward
/// @param backwardFollows whether this forward is the one that the backward belongs to
/// @param format of the residual stream, of what products read and write, and of their gradients
/// @param cache of the one sequence that the batch begins or goes on with; null elsewhere
public record Pass(
        MicroBatch batch,
        List<AttentionSpan> spans,
        Keeping keeping,
        boolean backwardFollows,
        Format format,
        Activations activations,
        @Nullable KeyValueCache cache) {

    /// What lasts from a layer's forward to its backward, in the order of falling memory.
    public enum Keeping {
        /// Whatever the backward reads.
        EVERYTHING,
        /// Matrix products and attention; what takes one cheap pass over memory is made again
        /// (after Korthikanti et al. 2022, whose attention was the cheap part).
        PRODUCTS,
        /// The residual stream at the end of each layer; the layer is run again (Chen et al. 2016).
        LAYER_OUTPUTS,
        /// No backward follows at all.
        NOTHING;

        static Keeping of(TrainingStage.Activations policy) {
            return switch (policy) {
                case NONE -> EVERYTHING;
                case SELECTIVE -> PRODUCTS;
                case FULL -> LAYER_OUTPUTS;
            };
        }
    }

    static Pass training(
            MicroBatch batch,
            TrainingStage.Activations policy,
            Format format,
            Activations activations) {
        Keeping keeping = Keeping.of(policy);
        return new Pass(
                batch,
                AttentionSpan.of(batch),
                keeping,
                keeping != Keeping.LAYER_OUTPUTS,
                format,
                activations,
                null);
    }

    static Pass evaluating(MicroBatch batch, Format format, Activations activations) {
        return evaluating(batch, format, activations, null);
    }

    /// A pass over tokens that go on from what the cache holds.
    static Pass evaluating(
            MicroBatch batch,
            Format format,
            Activations activations,
            @Nullable KeyValueCache cache) {
        return new Pass(
                batch, AttentionSpan.of(batch), Keeping.NOTHING, false, format, activations, cache);
    }

    /// The pass in which a layer is run again, right before its backward.
    Pass again() {
        return new Pass(batch, spans, keeping, true, format, activations, cache);
    }

    public int places() {
        return batch.places();
    }

    /// Memory with a row for each place, for a matrix product that the layer's backward reads.
    public Matrix product(int layer, String name, int columns) {
        return of(layer, name, columns, Keeping.PRODUCTS);
    }

    /// Memory with a row for each place, for what the layer's backward reads and one pass over
    /// memory makes.
    public Matrix elementwise(int layer, String name, int columns) {
        return of(layer, name, columns, Keeping.EVERYTHING);
    }

    /// Memory with a row for each place, for the residual stream at the end of the layer.
    public Matrix layerOutput(int layer, String name, int columns) {
        return of(layer, name, columns, Keeping.LAYER_OUTPUTS);
    }

    /// Memory in fp32 with a row for each place, for figures that a norm keeps of it.
    ///
    /// @param least the policy of least memory under which each layer has memory of its own
    public Matrix statistics(int layer, String name, int columns, Keeping least) {
        return sharedStatistics(placed(layer, name, least), columns);
    }

    /// Memory with a row for each place that every layer uses anew.
    public Matrix shared(String name, int columns) {
        return activations.matrix(name, format, places(), columns);
    }

    /// The same in fp32, whatever the format.
    public Matrix sharedStatistics(String name, int columns) {
        return activations.matrix(name, Format.FLOAT32, places(), columns);
    }

    private Matrix of(int layer, String name, int columns, Keeping least) {
        return shared(placed(layer, name, least), columns);
    }

    /// @param least the policy of least memory under which each layer has memory of its own
    private String placed(int layer, String name, Keeping least) {
        boolean own = keeping.compareTo(least) <= 0;
        return own ? name + "." + layer : name;
    }
}
