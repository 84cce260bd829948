package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.common.CachedAttention;
import dev.tanren.trainer.model.common.GroupedQueryAttention;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The attention part of a block: `hidden + output(attention(rotary(heads(norm(hidden)))))`. Some
/// families normalise queries and keys before they are turned, some do not turn them.
///
/// Legend: N places, H hidden, W query, key and value heads side by side, Q query heads' width, R
/// queries and keys, A their number.
public final class CausalSelfAttention implements Segment {

    private final int layer;
    private final Parts parts;
    private final int queriesWidth;
    private final int rotatedHeads;
    private final GroupedQueryAttention attention;
    private final CachedAttention cachedAttention;
    private @Nullable Matrix input_NH;

    /// What the part is made of, with its parameters.
    ///
    /// @param heads makes queries, keys and values in one product
    /// @param headNorm of queries and keys; null in most families
    /// @param rotary null where positions are learned
    public record Parts(
            Norm norm,
            Projection heads,
            @Nullable HeadNorm headNorm,
            @Nullable RotaryEmbedding rotary,
            Projection output) {}

    public CausalSelfAttention(Architecture architecture, Kernels kernels, int layer, Parts parts) {
        int headSize = architecture.effectiveHeadSize();
        HeadShape shape =
                new HeadShape(
                        architecture.keyValueHeads(),
                        architecture.heads() / architecture.keyValueHeads(),
                        headSize);
        this.layer = layer;
        this.parts = parts;
        queriesWidth = architecture.heads() * headSize;
        rotatedHeads = architecture.heads() + architecture.keyValueHeads();
        attention =
                new GroupedQueryAttention(
                        shape,
                        parts.rotary() == null
                                ? kernels.headGradients(shape)
                                : parts.rotary().headGradients(shape),
                        architecture.slidingWindow());
        cachedAttention =
                new CachedAttention(
                        architecture.heads(),
                        architecture.keyValueHeads(),
                        headSize,
                        architecture.slidingWindow());
    }

    @Override
    public int layer() {
        return layer;
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Pass pass) {
        input_NH = hidden_NH;
        Matrix attended_NQ = attend(hidden_NH, pass);
        Matrix output_NH = pass.product(layer, "attention.output", hidden_NH.columns());
        parts.output.forwardOnto(hidden_NH, attended_NQ, output_NH);
        return output_NH;
    }

    private Matrix attend(Matrix hidden_NH, Pass pass) {
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix heads_NW = heads(pass);
        Matrix attended_NQ = attended(pass);

        parts.norm.forward(hidden_NH, normed_NH, statistics(pass));
        parts.heads.forward(normed_NH, heads_NW);
        if (parts.headNorm != null) {
            parts.headNorm.forward(
                    heads_NW, raw(parts.headNorm, pass), inverse(parts.headNorm, pass));
        }
        if (parts.rotary != null) {
            parts.rotary.rotate(heads_NW, rotatedHeads, pass.batch().positions());
        }
        attend(heads_NW, pass, attended_NQ);
        return attended_NQ;
    }

    /// To the batch itself, which the cache takes in; or from one further token to the cache.
    private void attend(Matrix heads_NW, Pass pass, Matrix attended_NQ) {
        KeyValueCache cache = pass.cache();
        if (cache != null) {
            cachedAttention.append(heads_NW, cache, layer);
        }
        if (cache != null && cache.length() > 0) {
            cachedAttention.forward(heads_NW, cache, layer, attended_NQ);
        } else {
            attention.forward(heads_NW, pass.spans(), pass.backwardFollows(), attended_NQ);
        }
    }

    @Override
    public void recompute(Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before recompute");
        switch (pass.keeping()) {
            case EVERYTHING, NOTHING -> {}
            case PRODUCTS -> {
                parts.norm.forward(hidden_NH, normed(hidden_NH, pass), statistics(pass));
                attention.copyOutputs(attended(pass));
            }
            case LAYER_OUTPUTS -> attend(hidden_NH, pass);
        }
    }

    @Override
    public void backward(Matrix gradient_NH, Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before backward");
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix heads_NW = heads(pass);
        Matrix attended_NQ = attended(pass);
        Matrix attendedGradient_NQ = pass.shared("attended.gradient", queriesWidth);
        Matrix normedGradient_NH = pass.shared("normed.gradient", hidden_NH.columns());

        parts.output.parameterGradient(gradient_NH, attended_NQ);
        parts.output.inputGradient(gradient_NH, attendedGradient_NQ);
        attention.backward(attendedGradient_NQ, pass.batch().positions(), heads_NW);
        if (parts.headNorm != null) {
            parts.headNorm.backward(
                    heads_NW, raw(parts.headNorm, pass), inverse(parts.headNorm, pass));
        }
        parts.heads.parameterGradient(heads_NW, normed_NH);
        parts.heads.inputGradient(heads_NW, normedGradient_NH);
        parts.norm.backward(normedGradient_NH, hidden_NH, statistics(pass), gradient_NH);
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        return pass.elementwise(layer, "attention.normed", hidden_NH.columns());
    }

    private Matrix statistics(Pass pass) {
        return pass.statistics(
                layer, "attention.statistics", parts.norm.statistics(), Pass.Keeping.EVERYTHING);
    }

    private Matrix heads(Pass pass) {
        return pass.product(layer, "attention.heads", parts.heads.outputs());
    }

    private Matrix attended(Pass pass) {
        return pass.elementwise(layer, "attention.attended", queriesWidth);
    }

    private Matrix raw(HeadNorm headNorm, Pass pass) {
        return pass.product(layer, "attention.raw", headNorm.width());
    }

    private Matrix inverse(HeadNorm headNorm, Pass pass) {
        return pass.statistics(layer, "attention.inverse", headNorm.heads(), Pass.Keeping.PRODUCTS);
    }
}
