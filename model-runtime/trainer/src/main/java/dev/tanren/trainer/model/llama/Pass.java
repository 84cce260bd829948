package dev.tanren.trainer.model.llama;

import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import java.util.List;

/// What the segments of a model share during one micro-batch.
///
/// @param training whether a backward follows, so that activations must be kept for each layer
record Pass(
        MicroBatch batch, List<AttentionSpan> spans, boolean training, Activations activations) {

    int places() {
        return batch.places();
    }

    /// A name for memory that must last from a layer's forward to its backward. Without a backward
    /// all layers share it.
    String kept(int layer, String name) {
        return training ? name + "." + layer : name;
    }
}
