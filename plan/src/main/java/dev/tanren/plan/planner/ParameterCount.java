package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.family.ModelParameter;
import dev.tanren.plan.family.ModelParameter.Part;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How many weights a decoder has, by part.
///
/// @param embedding weights of the input embedding
/// @param positions weights of learned position embeddings; 0 where positions are rotary
/// @param attention weights of the attention projections of all layers, biases included
/// @param feedForward weights of the feed-forward projections of all layers, biases included
/// @param norms weights of all norms
/// @param head weights of the output embedding; 0 when it is the input embedding
public record ParameterCount(
        long embedding, long positions, long attention, long feedForward, long norms, long head) {

    public static ParameterCount of(Architecture shape) {
        DecoderFamily family = DecoderFamily.of(shape);
        Map<Part, Long> elements = new EnumMap<>(Part.class);
        count(family.before(shape), 1, elements);
        count(family.layer(shape, 0), shape.layers(), elements);
        count(family.after(shape), 1, elements);
        return new ParameterCount(
                elements.getOrDefault(Part.EMBEDDING, 0L),
                elements.getOrDefault(Part.POSITIONS, 0L),
                elements.getOrDefault(Part.ATTENTION, 0L),
                elements.getOrDefault(Part.FEED_FORWARD, 0L),
                elements.getOrDefault(Part.NORMS, 0L),
                elements.getOrDefault(Part.HEAD, 0L));
    }

    private static void count(
            List<ModelParameter> parameters, long times, Map<Part, Long> elements) {
        for (ModelParameter parameter : parameters) {
            long all = Math.multiplyExact(parameter.elements(), times);
            elements.merge(parameter.part(), all, Math::addExact);
        }
    }

    /// All of them.
    public long total() {
        return embedding + positions + attention + feedForward + norms + head;
    }

    /// Those that take part in each token's arithmetic: all but an untied input embedding and
    /// learned positions, which are only looked up.
    public long active() {
        return total() - positions - (head == 0 ? 0 : embedding);
    }
}
