package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.plan.TrainingStage.Sharding;
import dev.tanren.plan.planner.MemoryEstimate.Item;
import dev.tanren.plan.planner.formula.ZeroModelStates;
import dev.tanren.plan.timetable.Timetable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Estimates what the rank of a training stage that holds most keeps in memory.
final class MemoryPlanner {

    /// What a bf16 product of gradients is made in, before it is added to those in fp32.
    private static final long PRODUCT = 2L << 20;

    /// What comes in from another rank before it is added.
    private static final long MESSAGE = 4L << 18;

    /// What a rank has that no setting changes.
    ///
    /// Measured of real ranks with two threads on two cores, as the most that was resident less
    /// what the other items come to: 300 to 355 MiB over the twelve settings of `bench memory`. By
    /// the kernel's map of such a rank: code that is mapped and class archives 125 MiB, libtorch's
    /// tables of operators 56, Java heap 33, the JIT compilers' work and code with the stacks and
    /// classes of all threads about 70, and what is left buffers of MKL and gaps of malloc. A JVM
    /// on more cores has more compilers at work.
    static final long RUNTIME = 330L << 20;

    /// Weights that are brought to a device at once where they are rounded there.
    private static final long ROUNDED = 64L << 20;

    static final String OPTIMIZER = "optimizer";
    static final String AVERAGE = "average";
    static final String ACTIVATIONS = "activations";
    static final String STAGING = "checkpoint staging";

    private final TrainingStage stage;
    private final Architecture shape;
    private final Parallelism mesh;
    private final boolean ownMemory;
    private final EvaluationBatch evaluated;
    private final ZeroModelStates states;
    private final int elementBytes;

    /// @param ownMemory whether ranks compute in memory of a device's own, not in the host's
    MemoryPlanner(TrainingStage stage, Architecture shape, boolean ownMemory) {
        this(stage, shape, ownMemory, EvaluationBatch.of(stage));
    }

    /// @param evaluated of the whole stage, of which `stage` has some phases
    MemoryPlanner(
            TrainingStage stage, Architecture shape, boolean ownMemory, EvaluationBatch evaluated) {
        this.evaluated = evaluated;
        this.stage = stage;
        this.shape = shape;
        this.mesh = stage.parallelism();
        this.ownMemory = ownMemory;
        this.states =
                switch (stage.precision()) {
                    case FP32 -> ZeroModelStates.FP32;
                    case BF16 -> ZeroModelStates.MIXED_FP32_GRADIENTS;
                };
        this.elementBytes = stage.precision() == Precision.FP32 ? 4 : 2;
    }

    /// Of the phase, each of which has processes of its own, and of the first or last stage of the
    /// pipeline, whichever take most.
    MemoryEstimate estimate() {
        return stage.phases().stream()
                .map(
                        phase ->
                                new MemoryPlanner(
                                                Settings.phases(stage, List.of(phase)),
                                                shape,
                                                ownMemory,
                                                evaluated)
                                        .ofPipeline())
                .max(Comparator.comparingLong(MemoryEstimate::totalBytes))
                .orElseThrow();
    }

    private MemoryEstimate ofPipeline() {
        MemoryEstimate first = estimate(ModelPart.first(shape, mesh));
        MemoryEstimate last = estimate(ModelPart.last(shape, mesh));
        return last.totalBytes() > first.totalBytes() ? last : first;
    }

    private MemoryEstimate estimate(ModelPart part) {
        List<Item> items = new ArrayList<>();
        items.add(parameters(part));
        items.add(gradients(part));
        if (!ownMemory) {
            items.addAll(optimizer(part));
        }
        items.add(activations(part));
        items.add(logits(part));
        items.add(buffers(part));
        if (ownMemory) {
            items.addAll(
                    new HostShare(
                                    stage,
                                    part.parameters(),
                                    optimizerShare(),
                                    shared(optimizerShare()))
                            .items(OptimizerStates.of(stage, shape)));
        }
        items.add(checkpointStaging());
        items.add(new Item("runtime", RUNTIME, "JVM and libtorch", ownMemory));
        return new MemoryEstimate(items);
    }

    private Item parameters(ModelPart part) {
        double share = states.parameterShare(mesh.sharding(), sharers());
        return item(
                "parameters",
                share * part.parameters(),
                states.parameter() + " · parameters" + shared(share / states.parameter()));
    }

    /// A rank sums the gradients of its runs of micro-batches in a binary tree, and holds one
    /// partial sum for each level of it.
    private Item gradients(ModelPart part) {
        long most = microBatches();
        int buffers = partialSums(most, mesh.runsOfRank());
        double share = states.gradientShare(mesh.sharding(), sharers());
        return item(
                "gradients",
                buffers * share * part.parameters(),
                states.gradient()
                        + " · parameters"
                        + shared(share / states.gradient())
                        + (buffers == 1
                                ? ""
                                : " · "
                                        + buffers
                                        + " (levels of the tree for up to "
                                        + mesh.elasticity()
                                        + " data ranks)"));
    }

    /// Micro-batches of a rank in one step, of the phase that has most partial sums.
    private long microBatches() {
        return Timetable.of(stage).entries().stream()
                .map(entry -> (long) entry.microBatchesPerStep() / mesh.data())
                .reduce(
                        1L,
                        (a, b) ->
                                partialSums(b, mesh.runsOfRank())
                                                > partialSums(a, mesh.runsOfRank())
                                        ? b
                                        : a);
    }

    /// Micro-batches are halved while their number is even, into no more runs than are wanted.
    static int partialSums(long microBatches, int runs) {
        int halvings = Long.numberOfTrailingZeros(Math.max(1, microBatches));
        return Math.min(halvings, Integer.numberOfTrailingZeros(runs)) + 1;
    }

    /// With the mean of the weights.
    private List<Item> optimizer(ModelPart part) {
        OptimizerStates kept = OptimizerStates.of(stage, shape);
        int master = stage.precision() == Precision.BF16 ? 4 : 0;
        Item optimizer =
                item(
                        OPTIMIZER,
                        (kept.state() + master) * part.parameters() * optimizerShare(),
                        "("
                                + kept.formula()
                                + (master > 0 ? " + 4 (master copy)" : "")
                                + ") · parameters"
                                + shared(optimizerShare()));
        return stage.averaging() == null
                ? List.of(optimizer)
                : List.of(
                        optimizer,
                        item(
                                AVERAGE,
                                4 * part.parameters() * optimizerShare(),
                                "4 · parameters" + shared(optimizerShare())));
    }

    private double optimizerShare() {
        return states.optimizerShare(mesh.sharding(), sharers()) / states.optimizer();
    }

    private Item activations(ModelPart part) {
        SegmentActivations segments = segments();
        long underWay = part.first() ? Math.min(mesh.pipeline(), microBatches()) : 1;
        double ofPlace = part.layers() * segments.keptByLayer() * underWay + segments.shared();
        return item(
                ACTIVATIONS,
                places() * ofPlace + evaluation(),
                places()
                        + " places of a micro-batch · ("
                        + part.layers()
                        + " layers"
                        + (underWay > 1 ? " · " + underWay + " micro-batches under way" : "")
                        + " · "
                        + Math.round(segments.keptByLayer())
                        + " kept + "
                        + Math.round(segments.shared())
                        + " shared bytes)"
                        + (evaluation() == 0
                                ? ""
                                : " + "
                                        + evaluated.places()
                                        + " of an evaluation · "
                                        + Math.round(segments.evaluation())));
    }

    /// What evaluations take beside the training. A batch with as many places as a micro-batch uses
    /// its memory, but a dataset's last batch is shorter, and may be so by little.
    long evaluation() {
        return stage.evaluation() == null
                ? 0
                : Math.round(evaluated.places() * segments().evaluation());
    }

    private SegmentActivations segments() {
        Integer window = shape.slidingWindow();
        boolean windowed =
                window != null
                        && !widensAttention()
                        && stage.phases().stream()
                                .anyMatch(phase -> phase.sequenceLength() > window);
        return SegmentActivations.of(stage.activations(), shape, mesh, elementBytes, windowed);
    }

    /// Then the backward pass makes again what attention would keep.
    private boolean widensAttention() {
        return stage.precision() == Precision.BF16 && !ownMemory;
    }

    /// The head makes the logits of a chunk of places, and uses them up before the next chunk. A
    /// last chunk that is shorter has memory of its own.
    private Item logits(ModelPart part) {
        if (!part.last()) {
            return item("logits", 0, "on the last stage of the pipeline");
        }
        double vocabulary = (double) shape.vocabSize() / mesh.tensor();
        long chunk =
                LogitsChunk.places(
                        ownMemory ? LogitsChunk.ON_A_DEVICE : LogitsChunk.IN_HOST_MEMORY,
                        shape.vocabSize());
        long held = places() <= chunk ? places() : chunk + places() % chunk;
        // A device makes the loss in fp32, from a copy where logits are not.
        int bytes = elementBytes + (ownMemory && stage.precision() == Precision.BF16 ? 4 : 0);
        return item(
                "logits",
                bytes * held * vocabulary,
                bytes + " · vocabSize · " + held + " places, in chunks of " + chunk);
    }

    /// Logits of the whole micro-batch, which are never there.
    long unchunkedLogits() {
        return elementBytes * places() * shape.vocabSize() / mesh.tensor();
    }

    private Item buffers(ModelPart part) {
        double gathered =
                switch (mesh.sharding()) {
                    case NONE, OPTIMIZER -> 0;
                    case GRADIENTS -> states.gradient() * part.largest();
                    case FULL -> (2.0 * elementBytes + states.gradient()) * part.largest();
                };
        String formula =
                switch (mesh.sharding()) {
                    case NONE, OPTIMIZER -> "a message of 1 MiB";
                    case GRADIENTS -> "a message, the gradient of the largest segment";
                    case FULL -> "a message, weights of two segments, the gradient of one";
                };
        long product = stage.precision() == Precision.BF16 ? (ownMemory ? ROUNDED : PRODUCT) : 0;
        double widened = widensAttention() ? places() * segments().widened() : 0;
        double scratch = ownMemory ? 0 : OptimizerStates.of(stage, shape).scratch() / mesh.tensor();
        return item(
                "buffers",
                MESSAGE + gathered + product + widened + scratch,
                formula
                        + (product == 0
                                ? ""
                                : ownMemory
                                        ? ", 64 MiB of weights to be rounded"
                                        : ", a product of 2 MiB")
                        + (widened > 0 ? ", a layer's attention in fp32" : "")
                        + (scratch > 0 ? ", scratch of the optimizer" : ""));
    }

    /// A rank copies its share of what a checkpoint holds, and sends the copy while it goes on.
    private Item checkpointStaging() {
        double saved =
                4 + OptimizerStates.of(stage, shape).state() + (stage.averaging() == null ? 0 : 4);
        double all = saved * ParameterCount.of(shape).total();
        return new Item(
                STAGING,
                Math.round(all / mesh.ranks()),
                figure(saved)
                        + " · parameters"
                        + (mesh.ranks() > 1 ? " / " + mesh.ranks() + " ranks" : ""),
                ownMemory);
    }

    /// Places of a micro-batch on one rank, in the phase with the longest sequences.
    private long places() {
        return stage.phases().stream()
                .mapToLong(
                        phase ->
                                Math.ceilDiv(
                                        (long) phase.sequenceLength() * stage.microBatch(),
                                        mesh.context()))
                .max()
                .orElse(0);
    }

    /// Ranks that hold the same part of the model.
    private int sharers() {
        return mesh.data() * mesh.context();
    }

    private String shared(double share) {
        return share < 1 && mesh.sharding() != Sharding.NONE ? " / " + sharers() + " ranks" : "";
    }

    private static Item item(String name, double bytes, String formula) {
        return new Item(name, Math.round(bytes), formula, false);
    }

    private static String figure(double number) {
        return number == Math.rint(number)
                ? "" + Math.round(number)
                : String.format(Locale.ROOT, "%.1f", number);
    }
}
