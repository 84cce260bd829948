package dev.tanren.spec.planner;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.Parallelism;
import dev.tanren.spec.plan.TrainingStage.Precision;
import java.util.List;

/// Estimates what a rank of a training stage keeps in memory.
final class MemoryPlanner {

    /// The head keeps the logits of so many places at once that they are about this many numbers.
    private static final int LOGITS_OF_A_CHUNK = 1 << 21;

    /// The head takes at least this many places at once, however large the vocabulary is.
    private static final int PLACES_OF_A_CHUNK = 16;

    private final TrainingStage stage;
    private final Architecture shape;
    private final long parameters;
    private final ModelStates states;
    private final int elementBytes;

    MemoryPlanner(TrainingStage stage, Architecture shape) {
        this.stage = stage;
        this.shape = shape;
        this.parameters = ParameterCount.of(shape).total();
        this.states =
                switch (stage.precision()) {
                    case FP32 -> ModelStates.FP32;
                    case BF16 -> ModelStates.BF16;
                };
        this.elementBytes = stage.precision() == Precision.FP32 ? 4 : 2;
    }

    MemoryEstimate estimate() {
        return new MemoryEstimate(
                List.of(
                        parameters(),
                        gradients(),
                        optimizer(),
                        activations(),
                        logits(),
                        checkpointStaging()));
    }

    private MemoryEstimate.Item parameters() {
        Parallelism mesh = stage.parallelism();
        return new MemoryEstimate.Item(
                "parameters",
                scaled(states.parameterShare(mesh.sharding(), mesh.data())),
                states.parameter() + " · parameters");
    }

    /// A rank sums the gradients of its micro-batches in a binary tree, and holds one partial sum
    /// for each level that is under way.
    private MemoryEstimate.Item gradients() {
        Parallelism mesh = stage.parallelism();
        long most =
                Timetable.of(stage).entries().stream()
                        .mapToLong(entry -> entry.microBatchesPerStep() / mesh.data())
                        .max()
                        .orElse(1);
        int buffers = buffers(most);
        return new MemoryEstimate.Item(
                "gradients",
                buffers * scaled(states.gradientShare(mesh.sharding(), mesh.data())),
                states.gradient()
                        + " · parameters · (floor(log2(micro-batches of a rank: "
                        + most
                        + ")) + 1)");
    }

    static int buffers(long microBatches) {
        return 64 - Long.numberOfLeadingZeros(Math.max(1, microBatches));
    }

    private MemoryEstimate.Item optimizer() {
        Parallelism mesh = stage.parallelism();
        return new MemoryEstimate.Item(
                "optimizer",
                scaled(states.optimizerShare(mesh.sharding(), mesh.data())),
                states.optimizer() + " · parameters (two moments, and a master copy under bf16)");
    }

    /// Our own derivation for fused attention without dropout. Selective recomputation drops the
    /// outputs of norms and of the gated product; a full one keeps the input of each layer, and one
    /// layer at a time in full.
    private MemoryEstimate.Item activations() {
        double width = shape.hiddenSize();
        double ratio = shape.intermediateSize() / width;
        double keyValues = 4.0 * shape.keyValueHeads() / shape.heads();
        double layer = layer(width * (12 + keyValues + 8 * ratio));
        return switch (stage.activations()) {
            case NONE ->
                    item(
                            shape.layers() * layer,
                            "layers · s·b·(h·(12 + 4·kv/heads + 8·ff/h)·bytes/2 + 4·heads)");
            case SELECTIVE ->
                    item(
                            shape.layers() * layer(width * (8 + keyValues + 6 * ratio)),
                            "layers · s·b·(h·(8 + 4·kv/heads + 6·ff/h)·bytes/2 + 4·heads)");
            case FULL ->
                    item(
                            shape.layers() * longest() * width * elementBytes + layer,
                            "layers · s·b·h·bytes + one layer in full");
        };
    }

    private double layer(double perToken) {
        return longest() * (perToken * elementBytes / 2 + 4.0 * shape.heads());
    }

    private MemoryEstimate.Item item(double bytes, String formula) {
        return new MemoryEstimate.Item(
                "activations",
                Math.round(bytes),
                formula
                        + ", bytes = "
                        + elementBytes
                        + ", s·b = "
                        + longest()
                        + " tokens of a micro-batch");
    }

    /// The head makes the logits of a chunk of places, and uses them up before the next chunk. A
    /// last chunk that is shorter has memory of its own.
    private MemoryEstimate.Item logits() {
        long chunk = Math.max(PLACES_OF_A_CHUNK, LOGITS_OF_A_CHUNK / shape.vocabSize());
        long places = longest() <= chunk ? longest() : chunk + longest() % chunk;
        return new MemoryEstimate.Item(
                "logits",
                4L * places * shape.vocabSize(),
                "4 · vocabSize · " + places + " places, in chunks of " + chunk);
    }

    private MemoryEstimate.Item checkpointStaging() {
        return new MemoryEstimate.Item(
                "checkpoint staging", 12 * parameters, "12 · parameters (weights, two moments)");
    }

    private long longest() {
        return stage.phases().stream()
                .mapToLong(phase -> (long) phase.sequenceLength() * stage.microBatch())
                .max()
                .orElse(0);
    }

    private long scaled(double bytesPerParameter) {
        return Math.round(bytesPerParameter * parameters);
    }
}
