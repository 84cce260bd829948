package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.model.common.SwiGlu;
import java.util.List;

/// One layer: attention, then feed-forward, each a segment on the residual stream.
record TransformerBlock(CausalSelfAttention attention, FeedForward feedForward) {

    TransformerBlock(
            Architecture architecture,
            int layer,
            RotaryEmbedding rotary,
            SwiGlu swiGlu,
            ParameterSet parameters) {
        this(
                new CausalSelfAttention(architecture, layer, rotary, parameters),
                new FeedForward(architecture, layer, swiGlu, parameters));
    }

    List<Segment> segments() {
        return List.of(attention, feedForward);
    }
}
