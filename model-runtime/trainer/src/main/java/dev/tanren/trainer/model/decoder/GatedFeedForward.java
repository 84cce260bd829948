package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.model.common.SwiGlu;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The feed-forward part of a block: `hidden + down(silu(gate(x)) · up(x))` with `x =
/// norm(hidden)`.
///
/// Legend: N places, H hidden, I intermediate.
public final class GatedFeedForward implements Segment {

    private final int layer;
    private final Parts parts;
    private @Nullable Matrix input_NH;

    /// What the part is made of, with its parameters.
    ///
    /// @param gateUp makes gates and ups in one product
    public record Parts(Norm norm, Projection gateUp, SwiGlu swiGlu, Projection down) {}

    public GatedFeedForward(int layer, Parts parts) {
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
        Matrix gateUp_N2I = gatesAndUps(hidden_NH, pass);
        Matrix product_NI = product(pass);
        Matrix output_NH = pass.layerOutput(layer, "feedForward.output", hidden_NH.columns());
        parts.swiGlu.forward(gateUp_N2I, product_NI);
        parts.down.forwardOnto(hidden_NH, product_NI, output_NH);
        return output_NH;
    }

    private Matrix gatesAndUps(Matrix hidden_NH, Pass pass) {
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix gateUp_N2I = gateUp(pass);
        parts.norm.forward(hidden_NH, normed_NH, statistics(pass));
        parts.gateUp.forward(normed_NH, gateUp_N2I);
        return gateUp_N2I;
    }

    @Override
    public void recompute(Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before recompute");
        switch (pass.keeping()) {
            case EVERYTHING, NOTHING -> {}
            case PRODUCTS ->
                    parts.norm.forward(hidden_NH, normed(hidden_NH, pass), statistics(pass));
            case LAYER_OUTPUTS -> gatesAndUps(hidden_NH, pass);
        }
    }

    @Override
    public void backward(Matrix gradient_NH, Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before backward");
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix gateUp_N2I = gateUp(pass);
        Matrix product_NI = product(pass);
        Matrix normedGradient_NH = pass.shared("normed.gradient", hidden_NH.columns());

        parts.down.inputGradient(gradient_NH, product_NI);
        parts.swiGlu.backward(product_NI, gateUp_N2I);
        parts.down.parameterGradient(gradient_NH, product_NI);
        parts.gateUp.parameterGradient(gateUp_N2I, normed_NH);
        parts.gateUp.inputGradient(gateUp_N2I, normedGradient_NH);
        parts.norm.backward(normedGradient_NH, hidden_NH, statistics(pass), gradient_NH);
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        return pass.elementwise(layer, "feedForward.normed", hidden_NH.columns());
    }

    private Matrix statistics(Pass pass) {
        return pass.elementwise(layer, "feedForward.statistics", parts.norm.statistics());
    }

    private Matrix gateUp(Pass pass) {
        return pass.product(layer, "feedForward.gateUp", parts.gateUp.outputs());
    }

    /// Not kept: the backward makes it again in the pass over the gates.
    private Matrix product(Pass pass) {
        return pass.shared("feedForward.product", parts.gateUp.outputs() / 2);
    }
}
