package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;

/// A segment of which nothing but its input is kept: right before its backward it is run again
/// (Chen et al., *Training Deep Nets with Sublinear Memory Cost*, 2016), with the same bits.
///
/// Legend: N places, H hidden.
///
/// @param segment whose forward changes nothing, no gradient either
record Recomputed(Segment segment) implements Segment {

    @Override
    public List<ParameterLayout.Entry> parameters() {
        return segment.parameters();
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Saved saved) {
        saved.keep(hidden_NH);
        return saved.forwardAlone(segment, hidden_NH);
    }

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        saved.backwardAgain(segment, saved.values(Matrix.class), gradient_NH);
    }
}
