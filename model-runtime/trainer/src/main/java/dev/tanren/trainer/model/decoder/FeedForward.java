package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Projection;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The feed-forward part of a block: `hidden + output(activation(inner(x)))` with `x =
/// norm(hidden)`.
///
/// Legend: N places, H hidden, I inner width, A width after the activation.
public final class FeedForward implements Segment {

    private final int layer;
    private final Parts parts;
    private @Nullable Matrix input_NH;

    /// What the part is made of, with its parameters.
    ///
    /// @param inner where the activation is gated, makes gates and ups in one product
    public record Parts(Norm norm, Projection inner, Activation activation, Projection output) {}

    public FeedForward(int layer, Parts parts) {
        this.layer = layer;
        this.parts = parts;
    }

    @Override
    public int layer() {
        return layer;
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Pass pass) {
        input_NH = hidden_NH;
        Matrix inner_NI = innerOf(hidden_NH, pass);
        Matrix activated_NA = activated(pass);
        Matrix output_NH = pass.layerOutput(layer, "feedForward.output", hidden_NH.columns());
        parts.activation.forward(inner_NI, activated_NA);
        parts.output.forwardOnto(hidden_NH, activated_NA, output_NH);
        return output_NH;
    }

    private Matrix innerOf(Matrix hidden_NH, Pass pass) {
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix inner_NI = inner(pass);
        parts.norm.forward(hidden_NH, normed_NH, statistics(pass));
        parts.inner.forward(normed_NH, inner_NI);
        return inner_NI;
    }

    @Override
    public void recompute(Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before recompute");
        switch (pass.keeping()) {
            case EVERYTHING, NOTHING -> {}
            case PRODUCTS ->
                    parts.norm.forward(hidden_NH, normed(hidden_NH, pass), statistics(pass));
            case LAYER_OUTPUTS -> innerOf(hidden_NH, pass);
        }
    }

    @Override
    public void backward(Matrix gradient_NH, Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before backward");
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix inner_NI = inner(pass);
        Matrix activated_NA = activated(pass);
        Matrix normedGradient_NH = pass.shared("normed.gradient", hidden_NH.columns());

        parts.output.inputGradient(gradient_NH, activated_NA);
        parts.activation.backward(activated_NA, inner_NI);
        parts.output.parameterGradient(gradient_NH, activated_NA);
        parts.inner.parameterGradient(inner_NI, normed_NH);
        parts.inner.inputGradient(inner_NI, normedGradient_NH);
        parts.norm.backward(normedGradient_NH, hidden_NH, statistics(pass), gradient_NH);
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        return pass.elementwise(layer, "feedForward.normed", hidden_NH.columns());
    }

    private Matrix statistics(Pass pass) {
        return pass.statistics(
                layer, "feedForward.statistics", parts.norm.statistics(), Pass.Keeping.EVERYTHING);
    }

    private Matrix inner(Pass pass) {
        return pass.product(layer, "feedForward.inner", parts.inner.outputs());
    }

    /// Not kept: the backward makes it again in the pass over its inputs.
    private Matrix activated(Pass pass) {
        return pass.shared(
                "feedForward.activated", parts.activation.outputs(parts.inner.outputs()));
    }
}
