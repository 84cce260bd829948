package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.common.CachedAttention;
import dev.tanren.trainer.model.common.GroupedQueryAttention;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.model.common.RotaryAngles;
import org.jspecify.annotations.Nullable;

/// The attention part of a block: `hidden + output(attention(rotary(heads(norm(hidden)))))`. Some
/// families normalise queries and keys before they are turned, some do not turn them.
///
/// Legend: N places, H hidden, W query, key and value heads side by side, Q query heads' width, R
/// queries and keys, A their number.
public final class CausalSelfAttention implements StreamFunction {

    private final Operators operators;
    private final int layer;
    private final Parts parts;
    private final int queriesWidth;
    private final int rotatedHeads;
    private final GroupedQueryAttention attention;
    private final CachedAttention cachedAttention;

    /// What the part is made of, with its parameters.
    ///
    /// @param heads makes queries, keys and values in one product
    /// @param headNorm of queries and keys; null in most families
    /// @param angles null where positions are learned
    public record Parts(
            Norm norm,
            Projection heads,
            @Nullable HeadNorm headNorm,
            @Nullable RotaryAngles angles,
            Projection output) {}

    /// What the backward reads.
    ///
    /// @param raw_NR queries and keys before their norm, where they have one
    /// @param inverse_NA what that norm divided them by
    private record Kept(
            Matrix input_NH,
            Saved.Derived normed_NH,
            Matrix statistics_NS,
            Matrix heads_NW,
            @Nullable Matrix raw_NR,
            @Nullable Matrix inverse_NA,
            GroupedQueryAttention.Attended attended,
            Saved.Derived attended_NQ) {}

    public CausalSelfAttention(
            Architecture architecture, Operators operators, int layer, Parts parts) {
        HeadShape shape = HeadShape.of(architecture);
        this.operators = operators;
        this.layer = layer;
        this.parts = parts;
        queriesWidth = shape.queries() * shape.headSize();
        rotatedHeads = shape.rotated();
        attention =
                new GroupedQueryAttention(
                        shape, operators, parts.angles(), architecture.slidingWindow());
        cachedAttention =
                new CachedAttention(
                        architecture.heads(),
                        architecture.keyValueHeads(),
                        shape.headSize(),
                        architecture.slidingWindow());
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Saved saved) {
        Matrix statistics_NS = saved.keptInFp32(parts.norm.statistics());
        Saved.Derived normed_NH =
                saved.derived(
                        hidden_NH.columns(),
                        normed -> parts.norm.forward(hidden_NH, normed, statistics_NS));
        Matrix heads_NW = saved.kept(parts.heads.outputs());
        parts.heads.forward(normed_NH.matrix(), heads_NW);
        HeadNorm headNorm = parts.headNorm;
        Matrix raw_NR = headNorm == null ? null : saved.kept(headNorm.width());
        Matrix inverse_NA = headNorm == null ? null : saved.keptInFp32(headNorm.heads());
        if (headNorm != null && raw_NR != null && inverse_NA != null) {
            headNorm.forward(heads_NW, raw_NR, inverse_NA);
        }
        if (parts.angles != null) {
            int[] positions = saved.pass().batch().positions();
            operators.rotate(heads_NW, rotatedHeads, parts.angles, positions);
        }
        Matrix attended_NQ;
        KeyValueCache cache = saved.pass().cache();
        if (cache != null) {
            cachedAttention.append(heads_NW, cache, layer);
        }
        if (cache != null && cache.length() > 0) {
            attended_NQ = saved.fleeting(queriesWidth);
            cachedAttention.forward(heads_NW, cache, layer, attended_NQ);
        } else {
            GroupedQueryAttention.Attended attended =
                    saved.own(
                            attention.forward(
                                    heads_NW, saved.pass().spans(), saved.backwardFollows()));
            Saved.Derived derived = saved.derived(queriesWidth, attended::copyTo);
            attended_NQ = derived.matrix();
            saved.keep(
                    new Kept(
                            hidden_NH,
                            normed_NH,
                            statistics_NS,
                            heads_NW,
                            raw_NR,
                            inverse_NA,
                            attended,
                            derived));
        }
        Matrix output_NH = saved.output(hidden_NH.columns());
        parts.output.forwardOnto(hidden_NH, attended_NQ, output_NH);
        return output_NH;
    }

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        Kept kept = saved.values(Kept.class);
        Matrix heads_NW = kept.heads_NW;
        Matrix attendedGradient_NQ = saved.fleeting(queriesWidth);
        Matrix normedGradient_NH = saved.fleeting(gradient_NH.columns());

        parts.output.parameterGradient(gradient_NH, kept.attended_NQ.matrix());
        parts.output.inputGradient(gradient_NH, attendedGradient_NQ);
        attention.backward(
                kept.attended, attendedGradient_NQ, saved.pass().batch().positions(), heads_NW);
        if (parts.headNorm != null && kept.raw_NR != null && kept.inverse_NA != null) {
            parts.headNorm.backward(heads_NW, kept.raw_NR, kept.inverse_NA);
        }
        parts.heads.parameterGradient(heads_NW, kept.normed_NH.matrix());
        parts.heads.inputGradient(heads_NW, normedGradient_NH);
        parts.norm.backward(normedGradient_NH, kept.input_NH, kept.statistics_NS, gradient_NH);
    }
}
