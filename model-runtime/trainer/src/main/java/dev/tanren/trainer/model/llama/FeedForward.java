package dev.tanren.trainer.model.llama;

import static dev.tanren.trainer.model.llama.LlamaParameters.weightName;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RmsNorm;
import dev.tanren.trainer.model.common.SwiGlu;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The feed-forward part of a block: `hidden + down_proj(silu(gate_proj(x)) · up_proj(x))` with `x
/// = norm(hidden)`.
///
/// Legend: N places, H hidden, I intermediate.
final class FeedForward implements Segment {

    private final int layer;
    private final int intermediate;
    private final RmsNorm norm;
    private final SwiGlu swiGlu;
    private final Parameter normGain_1H;
    private final Parameter gateUpWeight_2IH;
    private final Parameter downWeight_HI;
    private @Nullable Matrix input_NH;

    FeedForward(Architecture architecture, int layer, SwiGlu swiGlu, ParameterSet parameters) {
        this.layer = layer;
        this.swiGlu = swiGlu;
        intermediate = architecture.intermediateSize();
        norm = new RmsNorm(architecture.hiddenSize(), architecture.rmsNormEpsilon());
        normGain_1H = parameters.get(weightName(layer, "post_attention_layernorm"));
        gateUpWeight_2IH = parameters.stacked(weightName(layer, "mlp.gate_proj"), 2 * intermediate);
        downWeight_HI = parameters.get(weightName(layer, "mlp.down_proj"));
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Pass pass) {
        input_NH = hidden_NH;
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix gateUp_N2I = gateUp(pass);
        Matrix product_NI = product(pass);
        Matrix output_NH = kept(pass, "feedForward.output", hidden_NH.columns());

        norm.forward(hidden_NH, normGain_1H.weight(), normed_NH, inverse(pass));
        Linear.forward(normed_NH, gateUpWeight_2IH.weight(), gateUp_N2I);
        swiGlu.forward(gateUp_N2I, product_NI);
        Linear.forwardOnto(hidden_NH, product_NI, downWeight_HI.weight(), output_NH);
        return output_NH;
    }

    @Override
    public void backward(Matrix gradient_NH, Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before backward");
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix gateUp_N2I = gateUp(pass);
        Matrix product_NI = product(pass);
        Matrix normedGradient_NH =
                pass.activations().matrix("normed.gradient", pass.places(), hidden_NH.columns());

        Linear.inputGradient(gradient_NH, downWeight_HI.weight(), product_NI);
        swiGlu.backward(product_NI, gateUp_N2I);
        Linear.weightGradient(gradient_NH, product_NI, downWeight_HI.gradient());
        Linear.weightGradient(gateUp_N2I, normed_NH, gateUpWeight_2IH.gradient());
        Linear.inputGradient(gateUp_N2I, gateUpWeight_2IH.weight(), normedGradient_NH);
        norm.backward(normedGradient_NH, hidden_NH, inverse(pass), normGain_1H, gradient_NH);
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        return kept(pass, "feedForward.normed", hidden_NH.columns());
    }

    private Matrix inverse(Pass pass) {
        return kept(pass, "feedForward.inverse", 1);
    }

    private Matrix gateUp(Pass pass) {
        return kept(pass, "feedForward.gateUp", 2 * intermediate);
    }

    /// Not kept: the backward makes it again in the pass over the gates.
    private Matrix product(Pass pass) {
        return pass.activations().matrix("feedForward.product", pass.places(), intermediate);
    }

    private Matrix kept(Pass pass, String name, int columns) {
        return pass.activations().matrix(pass.kept(layer, name), pass.places(), columns);
    }
}
