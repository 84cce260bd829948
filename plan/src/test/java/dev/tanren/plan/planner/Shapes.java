package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;

/// Shapes of decoders for tests.
final class Shapes {

    private Shapes() {}

    static Architecture llama(
            int vocabulary,
            int hidden,
            int layers,
            int heads,
            int keyValueHeads,
            int intermediate,
            int headSize,
            boolean tied) {
        return new Architecture(
                Architecture.Family.LLAMA,
                vocabulary,
                hidden,
                layers,
                heads,
                keyValueHeads,
                intermediate,
                headSize,
                tied,
                10_000,
                1e-5,
                8192);
    }
}
