package dev.tanren.trainer.bench;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Timetable;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.distributed.ProcessGroup;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.registry.Decoders;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.tools.Mains;
import dev.tanren.trainer.tools.NativeRuntime;
import dev.tanren.trainer.tools.Options;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/// Trains a plan's first stage on random tokens for a few steps, as one rank that has the whole
/// batch, and prints how much memory the process had resident at most.
///
/// A step is a rank's: micro-batches summed in the tree, norm, optimizer, and at the end the copy
/// that a checkpoint makes of weights and state. An evaluation comes before the first step where
/// the plan has one.
public final class MemoryBenchmarkMain {

    private static final String USAGE = "bench memory --plan FILE [--steps N]";

    private final Architecture shape;
    private final TrainingStage stage;
    private final SplittableRandom random = new SplittableRandom(17);

    private MemoryBenchmarkMain(Architecture shape, TrainingStage stage) {
        this.shape = shape;
        this.stage = stage;
    }

    public static void main(String[] arguments) {
        Mains.run(() -> run(arguments));
    }

    static void run(String... arguments) {
        Options options = Options.parse(USAGE, Set.of("plan", "steps"), Set.of(), arguments);
        Plan plan = read(Path.of(options.required("plan")));
        if (!(plan.model() instanceof ModelSource.Fresh fresh)
                || !(plan.stages().getFirst() instanceof TrainingStage stage)) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the plan has no architecture, or does not begin with training",
                    "--plan",
                    "Give a plan with model.architecture whose first stage is of type pretrain.");
        }
        int steps = options.integer("steps", 3, 1);
        NativeRuntime.configure(stage.threadsPerRank());
        double seconds = new MemoryBenchmarkMain(fresh.architecture(), stage).train(steps);
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("peakRssMiB", Math.round(NativeRuntime.peakResidentMiB() * 100) / 100.0);
        figures.put("secondsPerStep", Math.round(seconds * 1000) / 1000.0);
        figures.put("steps", steps);
        System.out.println(Json.write(figures));
    }

    private static Plan read(Path file) {
        try {
            return PlanReader.read(Files.readString(file)).planOrThrow();
        } catch (IOException e) {
            throw new UncheckedIOException("the plan cannot be read", e);
        }
    }

    /// @return seconds of the fastest step
    private double train(int steps) {
        double[] seconds = new double[steps];
        try (Decoder decoder = Decoders.create(shape, stage.precision());
                TrainingState state = TrainingState.allocate(decoder.layout(), stage);
                TreeReduction reduction = new TreeReduction(ProcessGroup.alone());
                GradientTree gradients = new GradientTree(decoder.layout().elements())) {
            Initialisation.random(decoder.layout(), state.weights(), 17);
            decoder.useWeights(state.weights());
            decoder.recomputeActivations(stage.activations());
            if (stage.evaluation() != null) {
                decoder.lossSum(longest());
            }
            for (int step = 1; step <= steps; step++) {
                long begin = System.nanoTime();
                decoder.weightsChanged();
                FlatBuffer gradient = gradient(decoder, gradients, reduction);
                double norm = GradientNorm.l2(gradient);
                state.optimizer().step(gradient, step, 3e-4, GradientNorm.clippingScale(norm, 1));
                seconds[step - 1] = (System.nanoTime() - begin) / 1e9;
            }
            copy(state.tensors());
        }
        return Arrays.stream(seconds).min().orElseThrow();
    }

    private FlatBuffer gradient(Decoder decoder, GradientTree tree, TreeReduction reduction) {
        int microBatches =
                Timetable.of(stage).entries().stream()
                        .mapToInt(Timetable.Entry::microBatchesPerStep)
                        .max()
                        .orElseThrow();
        FlatBuffer gradient =
                tree.sum(
                        microBatches,
                        (index, buffer) -> {
                            decoder.accumulateGradientsInto(buffer);
                            MicroBatch batch = longest();
                            decoder.forwardBackward(
                                    batch, 1.0 / batch.countedTargets() / microBatches);
                        });
        reduction.sum(gradient);
        return gradient;
    }

    private MicroBatch longest() {
        int length =
                stage.phases().stream()
                        .mapToInt(TrainingStage.Phase::sequenceLength)
                        .max()
                        .orElseThrow();
        int[][] rows = new int[stage.microBatch()][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.ints(length, 0, shape.vocabSize()).toArray();
        }
        return MicroBatch.ofRows(rows);
    }

    private static void copy(List<TrainingState.NamedTensor> state) {
        try (Arena arena = Arena.ofConfined()) {
            for (TrainingState.NamedTensor tensor : state) {
                arena.allocate(tensor.bytes().byteSize(), 64).copyFrom(tensor.bytes());
            }
        }
    }
}
