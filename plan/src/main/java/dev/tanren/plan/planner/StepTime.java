package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.plan.planner.formula.Communication;
import dev.tanren.plan.planner.formula.Pipeline;
import dev.tanren.plan.planner.formula.Utilisation;
import dev.tanren.plan.timetable.Timetable;
import org.jspecify.annotations.Nullable;

/// How long the steps of a stage take, to compare settings by.
///
/// Arithmetic runs at 40 % of the device's peak in the stage's precision; communication goes at the
/// link's rated speed and is not hidden behind arithmetic, so what it costs is an upper bound. The
/// optimizer runs on the host, over the memory that it reads and writes; a device with its own
/// memory gets the weights and gives the gradient back in each step, in fp32 over PCIe.
final class StepTime {

    /// What making again all that one pass over memory makes costs, of a step.
    private static final double SELECTIVE = 1.03;

    /// What half the micro-batch costs: smaller matrix products, one more sum of gradients.
    private static final double HALVING = 1.02;

    /// Where the peak is not known: a card of the middle class, in bf16 and in fp32.
    private static final double ASSUMED_PEAK = 100e12;

    private static final double ASSUMED_FP32_PEAK = 10e12;

    /// Of the host's memory, what a rank's optimizer gets: a channel or two of DDR4.
    private static final double HOST_MEMORY = 20e9;

    /// Bytes of a parameter that an optimizer reads and writes beside its state: the weight both
    /// ways, the gradient.
    private static final int TOUCHED = 12;

    /// A thread of a CPU with AVX2 at the speed that the trainer reaches on it.
    private static final double THREAD = 60e9;

    private final TrainingStage stage;
    private final Architecture shape;
    private final Parallelism mesh;
    private final @Nullable Device device;

    StepTime(TrainingStage stage, Architecture shape, @Nullable Device device) {
        this.stage = stage;
        this.shape = shape;
        this.mesh = stage.parallelism();
        this.device = device;
    }

    /// Time that the settings take of devices for the same tokens, as a multiple of `before`.
    static double ratio(StepTime before, StepTime now) {
        double halvings =
                Math.log((double) before.stage.microBatch() / now.stage.microBatch()) / Math.log(2);
        return now.seconds()
                * now.mesh.ranks()
                / (before.seconds() * before.mesh.ranks())
                * Math.pow(HALVING, halvings);
    }

    /// Of all steps of the stage, without what micro-batches cost by their size.
    double seconds() {
        return Timetable.of(stage).entries().stream()
                .mapToDouble(entry -> entry.steps() * seconds(entry))
                .sum();
    }

    private double seconds(Timetable.Entry entry) {
        long microBatches = Math.max(1, entry.microBatchesPerStep() / mesh.data());
        double tokens = (double) stage.globalBatchTokens() / mesh.data() / mesh.context();
        double arithmetic =
                tokens
                        * Flops.perToken(shape, entry.phase().sequenceLength())
                        / (mesh.tensor() * mesh.pipeline())
                        * recomputation(entry.phase().sequenceLength())
                        / flopsPerSecond();
        double update = optimizer() + copies();
        double bubble = new Pipeline(mesh.pipeline(), microBatches).bubble();
        return arithmetic * (1 + bubble) + bytes(tokens, microBatches) / link() + update;
    }

    /// Of one step, on the host.
    private double optimizer() {
        double state = 2 * OptimizerStates.of(stage, shape).state() + TOUCHED;
        int sharers = mesh.data() * mesh.context();
        double share = mesh.sharding() == TrainingStage.Sharding.NONE ? 1 : 1.0 / sharers;
        return state * ModelPart.first(shape, mesh).parameters() * share / HOST_MEMORY;
    }

    /// Of one step: weights to the device, the gradient from it.
    private double copies() {
        return device == null || device.shared()
                ? 0
                : 2 * Float.BYTES * ModelPart.first(shape, mesh).parameters() / Device.PCIE_4;
    }

    /// The forward pass of the layers is made again, and not that of the head.
    private double recomputation(int sequenceLength) {
        double head = 6.0 * shape.vocabSize() * shape.hiddenSize();
        double layers = 1 - head / Flops.perToken(shape, sequenceLength);
        return stage.activations() == Activations.SELECTIVE
                ? SELECTIVE
                : 1 + (Utilisation.recomputation(stage.activations()) - 1) * layers;
    }

    /// That a rank sends in a step: gradients in fp32, all else in the precision of the stage.
    private double bytes(double tokens, long microBatches) {
        int element = stage.precision() == Precision.FP32 ? 4 : 2;
        double parameters = ModelPart.first(shape, mesh).parameters();
        int layers = Math.ceilDiv(shape.layers(), mesh.pipeline());
        int sharers = mesh.data() * mesh.context();
        double stream = tokens * shape.hiddenSize();
        double keyValues = (double) shape.keyValueHeads() / shape.heads();
        return Float.BYTES * Communication.gradients(mesh.sharding(), parameters, sharers)
                + element
                        * (Communication.weights(mesh.sharding(), parameters, sharers, microBatches)
                                + Communication.tensorParallel(
                                        tokens, shape.hiddenSize(), layers, mesh.tensor())
                                // Forward, and twice as much backward.
                                + 3
                                        * layers
                                        * Communication.ring(
                                                tokens * mesh.context(),
                                                shape.hiddenSize(),
                                                keyValues,
                                                mesh.context())
                                + (mesh.pipeline() > 1 ? 2 * stream : 0));
    }

    private double flopsPerSecond() {
        Device on = device;
        if (on != null && on.shared()) {
            return THREAD * stage.threadsPerRank();
        }
        Double known = on == null ? null : on.peakFlops(stage.precision());
        return Device.USUAL_UTILISATION * (known == null ? assumedPeak(stage.precision()) : known);
    }

    private static double assumedPeak(Precision precision) {
        return switch (precision) {
            case FP32 -> ASSUMED_FP32_PEAK;
            case BF16 -> ASSUMED_PEAK;
        };
    }

    private double link() {
        return device == null ? Device.PCIE_4 : device.linkBytesPerSecond();
    }

    /// What the figures rest on, in words.
    static String assumptions(Device device, Precision precision) {
        Double known = device.peakFlops(precision);
        String arithmetic =
                device.shared()
                        ? "60 GFLOP/s a thread"
                        : "40 % of "
                                + Math.round(
                                        (known == null ? assumedPeak(precision) : known) / 1e12)
                                + " TFLOP/s"
                                + (known == null ? " (assumed)" : "");
        return arithmetic
                + ", "
                + Math.round(device.linkBytesPerSecond() / 1e9)
                + " GB/s between ranks, communication not hidden, the optimizer on the host at "
                + Math.round(HOST_MEMORY / 1e9)
                + " GB/s"
                + (device.prediction() == null ? "" : "; " + device.prediction());
    }
}
