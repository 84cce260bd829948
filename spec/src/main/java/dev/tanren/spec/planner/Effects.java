package dev.tanren.spec.planner;

import java.util.Map;

/// What a changed setting does, in words.
final class Effects {

    private static final Map<String, String> BY_KEY =
            Map.of(
                    "microBatch",
                            "more and smaller micro-batches are accumulated to the same batch",
                    "parallelism.data", "ranks that share the batch",
                    "parallelism.tensor", "ranks share each matrix",
                    "parallelism.sequence", "ranks share the stream between matrices too",
                    "parallelism.pipeline", "ranks share the layers");

    private static final Map<String, String> BY_VALUE =
            Map.of(
                    "activations: none", "everything is kept for the backward pass",
                    "activations: selective",
                            "norms and the heads' outputs are made again in the backward pass",
                    "activations: full",
                            "only the end of each layer is kept; the backward pass runs the layer"
                                    + " again",
                    "parallelism.sharding: none", "each data rank holds everything",
                    "parallelism.sharding: optimizer", "data ranks share the optimizer's state",
                    "parallelism.sharding: gradients",
                            "data ranks share the optimizer's state and gradients",
                    "parallelism.sharding: full",
                            "data ranks share weights, gradients and the optimizer's state");

    private Effects() {}

    static String of(String key, String value) {
        String exact = BY_VALUE.get(key + ": " + value);
        return exact != null ? exact : BY_KEY.getOrDefault(key, "");
    }
}
