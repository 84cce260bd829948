package dev.tanren.trainer.optimizer;

import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/// One pass over the elements of some parameters, in tiles that fit the first-level cache.
///
/// Every element is computed by itself, so the bits do not depend on threads or tiles.
final class FlatPass {

    /// Elements that are in the first-level cache at once. C2 vectorises loops over arrays, where
    /// it can prove that they do not overlap, but not over native memory.
    static final int TILE = 2048;

    /// Elements that one thread takes at once.
    private static final long CHUNK = 1 << 16;

    private final List<Range> ranges = new ArrayList<>();

    private record Range(long weight, long state, long elements, boolean decays) {}

    /// Computes `count` neighbouring elements.
    @FunctionalInterface
    interface Body {

        /// @param weightBytes where they begin in weights and gradients, in bytes
        /// @param stateBytes where they begin in the optimizer's state, in bytes
        void tile(long weightBytes, long stateBytes, int count, boolean decays);
    }

    /// @param stateOffset where a parameter begins in the optimizer's state, in elements
    FlatPass(
            List<ParameterLayout.Entry> parameters,
            ToLongFunction<ParameterLayout.Entry> stateOffset,
            WeightDecay decay) {
        for (ParameterLayout.Entry parameter : parameters) {
            long state = stateOffset.applyAsLong(parameter);
            for (long at = 0; at < parameter.elements(); at += CHUNK) {
                ranges.add(
                        new Range(
                                parameter.offset() + at,
                                state + at,
                                Math.min(CHUNK, parameter.elements() - at),
                                decay.appliesTo(parameter)));
            }
        }
    }

    void run(Body body) {
        ComputeThreads.loop(
                ranges.size(),
                1,
                (from, to) -> {
                    for (long i = from; i < to; i++) {
                        run(ranges.get((int) i), body);
                    }
                });
    }

    private static void run(Range range, Body body) {
        for (long at = 0; at < range.elements(); at += TILE) {
            body.tile(
                    (range.weight() + at) * Float.BYTES,
                    (range.state() + at) * Float.BYTES,
                    (int) Math.min(TILE, range.elements() - at),
                    range.decays());
        }
    }
}
