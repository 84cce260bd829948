package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;

/// A layer: attention, then a feed-forward part, each onto the residual stream.
///
/// Legend: N places, H hidden.
public final class DecoderLayer implements Segment {

    private final List<ParameterLayout.Entry> parameters;
    private final CausalSelfAttention attention;
    private final FeedForward feedForward;

    /// @param parameters of both parts
    public DecoderLayer(
            List<ParameterLayout.Entry> parameters,
            CausalSelfAttention attention,
            FeedForward feedForward) {
        this.parameters = List.copyOf(parameters);
        this.attention = attention;
        this.feedForward = feedForward;
    }

    @Override
    public List<ParameterLayout.Entry> parameters() {
        return parameters;
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Saved saved) {
        Matrix attended_NH = saved.own(saved.forward(attention, hidden_NH));
        return saved.forward(feedForward, attended_NH);
    }

    @Override
    public void remake(Matrix hidden_NH, Saved saved) {
        Matrix attended_NH = saved.own(saved.forward(attention, hidden_NH));
        saved.remake(feedForward, attended_NH);
    }

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        saved.backward(feedForward, gradient_NH);
        saved.backward(attention, gradient_NH);
    }
}
