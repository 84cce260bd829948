package dev.tanren.plan.planner;

/// What a changed setting does, in words.
final class Effects {

    private Effects() {}

    static String of(String key, String value) {
        return switch (key) {
            case "microBatch" -> "more and smaller micro-batches are accumulated to the same batch";
            case "activations" -> activations(value);
            case "parallelism.data" -> "ranks that share the batch";
            case "parallelism.elasticity" ->
                    "fewer partial sums of gradients; other numbers of ranks have other bits";
            case "parallelism.sharding" -> sharding(value);
            case "parallelism.tensor" -> "ranks share each matrix";
            case "parallelism.sequence" -> "ranks share the stream between matrices too";
            case "parallelism.pipeline" -> "ranks share the layers";
            default -> "";
        };
    }

    private static String activations(String policy) {
        return switch (policy) {
            case "none" -> "everything is kept for the backward pass";
            case "selective" -> "norms and the heads' outputs are made again in the backward pass";
            case "full" ->
                    "only the end of each layer is kept; the backward pass runs the layer again";
            default -> "";
        };
    }

    private static String sharding(String level) {
        return switch (level) {
            case "none" -> "each data rank holds everything";
            case "optimizer" -> "data ranks share the optimizer's state";
            case "gradients" -> "data ranks share the optimizer's state and gradients";
            case "full" -> "data ranks share weights, gradients and the optimizer's state";
            default -> "";
        };
    }
}
