package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Projection;

/// The feed-forward part of a block: `hidden + output(activation(inner(x)))` with `x =
/// norm(hidden)`.
///
/// Legend: N places, H hidden, I inner width, A width after the activation.
public final class FeedForward implements StreamFunction {

    private final Operators operators;
    private final Parts parts;

    /// What the part is made of, with its parameters.
    ///
    /// @param inner where the activation is gated, makes gates and ups in one product
    public record Parts(Norm norm, Projection inner, Activation activation, Projection output) {}

    /// What the backward reads. What the activation makes it makes again, in the pass over inputs.
    private record Kept(
            Matrix input_NH, Saved.Derived normed_NH, Matrix statistics_NS, Matrix inner_NI) {}

    public FeedForward(Operators operators, Parts parts) {
        this.operators = operators;
        this.parts = parts;
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Saved saved) {
        Matrix inner_NI = inner(hidden_NH, saved);
        Matrix activated_NA = activated(inner_NI, saved);
        parts.activation.forward(operators, inner_NI, activated_NA);
        Matrix output_NH = saved.output(hidden_NH.columns());
        parts.output.forwardOnto(hidden_NH, activated_NA, output_NH);
        return output_NH;
    }

    @Override
    public void remake(Matrix hidden_NH, Saved saved) {
        inner(hidden_NH, saved);
    }

    private Matrix inner(Matrix hidden_NH, Saved saved) {
        Matrix statistics_NS = saved.keptInFp32(parts.norm.statistics());
        Saved.Derived normed_NH =
                saved.derived(
                        hidden_NH.columns(),
                        normed -> parts.norm.forward(hidden_NH, normed, statistics_NS));
        Matrix inner_NI = saved.kept(parts.inner.outputs());
        parts.inner.forward(normed_NH.matrix(), inner_NI);
        saved.keep(new Kept(hidden_NH, normed_NH, statistics_NS, inner_NI));
        return inner_NI;
    }

    private Matrix activated(Matrix inner_NI, Saved saved) {
        return saved.fleeting(parts.activation.outputs(inner_NI.columns()));
    }

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        Kept kept = saved.values(Kept.class);
        Matrix inner_NI = kept.inner_NI;
        Matrix activated_NA = activated(inner_NI, saved);
        Matrix normedGradient_NH = saved.fleeting(gradient_NH.columns());

        parts.output.inputGradient(gradient_NH, activated_NA);
        parts.activation.backward(operators, activated_NA, inner_NI);
        parts.output.parameterGradient(gradient_NH, activated_NA);
        parts.inner.parameterGradient(inner_NI, kept.normed_NH.matrix());
        parts.inner.inputGradient(inner_NI, normedGradient_NH);
        parts.norm.backward(normedGradient_NH, kept.input_NH, kept.statistics_NS, gradient_NH);
    }
}
