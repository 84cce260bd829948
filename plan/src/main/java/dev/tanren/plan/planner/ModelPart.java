package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage.Parallelism;

/// What one rank of a mesh has of the model, before data ranks share it out: a run of layers of
/// which it has the `tensor`-th part, and at the pipeline's ends embedding and head.
///
/// @param layers of this pipeline stage
/// @param parameters on the rank; norms are whole on every rank
/// @param largest parameters of the largest segment: embedding, head, attention or feed-forward
///     part
/// @param first whether it has the embedding
/// @param last whether it has the head
record ModelPart(int layers, double parameters, double largest, boolean first, boolean last) {

    /// The first stage of the pipeline.
    static ModelPart first(Architecture shape, Parallelism mesh) {
        return of(shape, mesh, true, mesh.pipeline() == 1);
    }

    /// The last stage of the pipeline; the same as the first where there is one.
    static ModelPart last(Architecture shape, Parallelism mesh) {
        return of(shape, mesh, mesh.pipeline() == 1, true);
    }

    private static ModelPart of(Architecture shape, Parallelism mesh, boolean first, boolean last) {
        ParameterCount count = ParameterCount.of(shape);
        double tensor = mesh.tensor();
        int layers = Math.ceilDiv(shape.layers(), mesh.pipeline());
        double share = (double) layers / shape.layers();
        double matrices = (count.attention() + count.feedForward()) * share / tensor;
        double embedding =
                (count.total()
                                - count.attention()
                                - count.feedForward()
                                - count.norms()
                                - count.head())
                        / tensor;
        // A tied head is the embedding, of which the last stage of several has a copy.
        double head = (count.head() > 0 ? count.head() : first ? 0 : count.embedding()) / tensor;
        double parameters =
                matrices + count.norms() * share + (first ? embedding : 0) + (last ? head : 0);
        double largestOfLayer =
                Math.max(count.attention(), count.feedForward()) / tensor / shape.layers();
        double largest = Math.max(largestOfLayer, Math.max(first ? embedding : 0, last ? head : 0));
        return new ModelPart(layers, parameters, largest, first, last);
    }
}
