package dev.tanren.trainer.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderTraining;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;

/// A model in training on random tokens. Each step is what a rank does for one: zero gradients,
/// forward, backward, norm, clipping, AdamW.
final class BenchmarkTraining implements AutoCloseable {

    private static final long SEED = 17;
    private static final TrainingStage.Optimizer OPTIMIZER =
            new TrainingStage.Optimizer(
                    TrainingStage.OptimizerType.ADAMW,
                    3e-4,
                    0.9,
                    0.95,
                    1e-8,
                    0.1,
                    1.0,
                    TrainingStage.WeightDecayOn.MATRICES,
                    null);

    private final BenchmarkModel model;
    private final Decoder decoder;
    private final DecoderTraining training;
    private final FlatBuffer gradients;
    private final TrainingState state;
    private final SplittableRandom random = new SplittableRandom(SEED);
    private int steps;

    BenchmarkTraining(
            BenchmarkModel model,
            TrainingStage.Activations activations,
            TrainingStage.Precision precision) {
        this(model, activations, precision, new HostOperators());
    }

    BenchmarkTraining(
            BenchmarkModel model,
            TrainingStage.Activations activations,
            TrainingStage.Precision precision,
            Operators operators) {
        this.model = model;
        this.decoder = Decoders.create(model.architecture, precision, operators);
        this.gradients = FlatBuffer.allocate(decoder.layout());
        this.state = TrainingState.allocate(decoder.layout(), OPTIMIZER);
        Initialisation.random(decoder.layout(), state.weights(), SEED);
        decoder.parameters().useWeights(state.weights());
        training = new DecoderTraining(decoder, activations, Objective.CROSS_ENTROPY, () -> {});
    }

    /// @param processor seconds of all threads of this process together
    record Step(double loss, double forward, double backward, double optimizer, double processor) {
        double seconds() {
            return forward + backward + optimizer;
        }
    }

    TrainingState state() {
        return state;
    }

    Step step() {
        MicroBatch batch = batch();
        double processor = processorSeconds();
        long begin = System.nanoTime();
        gradients.zero();
        decoder.parameters().weightsChanged();
        double zeroing = (System.nanoTime() - begin) / 1e9;
        training.clock().reset();
        Losses losses = training.run(batch, 1.0 / batch.countedTargets(), gradients);
        long middle = System.nanoTime();
        double norm = GradientNorm.l2(gradients);
        state.optimizer().step(gradients, ++steps, 3e-4, GradientNorm.clippingScale(norm, 1));
        double optimizer = (System.nanoTime() - middle) / 1e9 + zeroing;
        return new Step(
                losses.crossEntropySum() / batch.countedTargets(),
                training.clock().forwardSeconds(),
                training.clock().backwardSeconds(),
                optimizer,
                processorSeconds() - processor);
    }

    private MicroBatch batch() {
        int[][] rows = new int[model.sequences][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] =
                    random.ints(model.sequenceLength, 0, model.architecture.vocabSize()).toArray();
        }
        return MicroBatch.ofRows(rows);
    }

    /// Processor time of all threads of this process.
    static double processorSeconds() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getProcessCpuTime() / 1e9
                : 0;
    }

    @Override
    public void close() {
        decoder.close();
        gradients.close();
        state.close();
    }
}
