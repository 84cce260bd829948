package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Matrix;
import java.util.List;

/// What the segments of a model share during one micro-batch.
///
/// @param training whether a backward follows, so that activations must be kept for each layer
public record Pass(
        MicroBatch batch, List<AttentionSpan> spans, boolean training, Activations activations) {

    public int places() {
        return batch.places();
    }

    /// Memory with a row for each place that lasts from a layer's forward to its backward. Without
    /// a backward all layers share it.
    public Matrix kept(int layer, String name, int columns) {
        return shared(training ? name + "." + layer : name, columns);
    }

    /// Memory with a row for each place that every layer uses anew.
    public Matrix shared(String name, int columns) {
        return activations.matrix(name, places(), columns);
    }
}
