package dev.tanren.trainer.rank;

import dev.tanren.launch.Report.Work;
import dev.tanren.trainer.data.BatchPrefetcher.Prepared;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.decoder.Action;
import dev.tanren.trainer.model.decoder.DecoderTraining;
import dev.tanren.trainer.model.decoder.Pass;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.function.ObjIntConsumer;
import java.util.stream.IntStream;

/// Forward and backward pass of a step's batch over all ranks.
final class StepComputation {

    private final DecoderTraining training;
    private final GradientTree gradients;
    private final int runs;
    private final TreeReduction reduction;
    private final HostGradient hostGradient;
    private final Progress progress;

    /// @param runs of micro-batches on this rank whose gradients are summed from left to right
    /// @param hostGradient takes what was summed to where the optimizer is
    StepComputation(
            DecoderTraining training,
            GradientTree gradients,
            int runs,
            TreeReduction reduction,
            HostGradient hostGradient,
            Progress progress) {
        this.hostGradient = hostGradient;
        this.progress = progress;
        this.training = training;
        this.gradients = gradients;
        this.runs = runs;
        this.reduction = reduction;
    }

    /// What a step comes to. Equal on all ranks.
    ///
    /// @param gradient valid until the next step
    /// @param losses mean cross-entropy of each micro-batch of the step, over all ranks
    /// @param loss mean cross-entropy of the step
    /// @param zLoss mean z-loss of the step; 0 where the objective has none
    /// @param stop whether a rank was asked to stop
    record Result(
            FlatBuffer gradient,
            List<Double> losses,
            double loss,
            double zLoss,
            double gradientNorm,
            boolean stop) {

        /// Names of the samples of the micro-batches whose mean losses fit, or of all where none
        /// does.
        List<String> samples(Prepared batch, DoublePredicate fits) {
            List<String> samples =
                    IntStream.range(0, losses.size())
                            .filter(index -> fits.test(losses.get(index)))
                            .boxed()
                            .flatMap(index -> batch.batch().sampleIds(index).stream())
                            .toList();
            return samples.isEmpty() ? batch.batch().sampleIds() : samples;
        }
    }

    Result compute(long step, Prepared batch, StepClock clock, boolean askedToStop) {
        // Two slots for each micro-batch of the step, filled by its rank, and one for the stop
        // flag.
        int microBatches = batch.batch().microBatches();
        double[] agreed = new double[2 * microBatches + 1];
        progress.begin(Work.COMPUTING, step, batch.own().size());
        training.decoder().parameters().weightsChanged();
        clock.copyDone();
        FlatBuffer summed =
                gradient(
                        batch,
                        (losses, microBatch) -> {
                            int slot = batch.firstOwn() + microBatch;
                            agreed[slot] = losses.crossEntropySum();
                            agreed[microBatches + slot] = losses.zLossSum();
                        });
        clock.computed(training.clock().forwardSeconds(), training.clock().backwardSeconds());
        training.clock().reset();
        clock.gradientsDone();

        agreed[2 * microBatches] = askedToStop ? 1 : 0;
        reduction.sum(summed);
        double[] sums = reduction.sum(agreed);
        hostGradient.awaitSum();
        clock.communicationDone();
        FlatBuffer gradient = hostGradient.of(summed);
        clock.copyDone();
        return new Result(
                gradient,
                means(batch, sums),
                sumInOrder(sums, 0, microBatches) / batch.targets(),
                sumInOrder(sums, microBatches, microBatches) / batch.targets(),
                GradientNorm.l2(gradient),
                sums[2 * microBatches] > 0);
    }

    /// Runs the schedule over this rank's micro-batches.
    ///
    /// @param losses is told those of each micro-batch, by its place in the rank's run
    /// @return the sum of their gradients, valid until the next step
    private FlatBuffer gradient(Prepared batch, ObjIntConsumer<Losses> losses) {
        List<MicroBatch> own = batch.own();
        Pass[] passes = new Pass[own.size()];
        gradients.begin(own.size(), runs);
        for (Action action : Action.oneByOne(own.size(), training.segments())) {
            int microBatch = action.microBatch();
            if (action.begins()) {
                passes[microBatch] = training.begin(own.get(microBatch), 1.0 / batch.targets());
            }
            training.decoder().parameters().useGradients(gradients.buffer(microBatch));
            passes[microBatch].run(action);
            if (action.ends()) {
                losses.accept(passes[microBatch].losses(), microBatch);
                passes[microBatch].close();
                gradients.done(microBatch);
                progress.partDone();
            }
        }
        return gradients.sum();
    }

    /// Whether a rank was asked to stop, for a step that is not computed.
    boolean agreeToStop(boolean askedToStop) {
        return reduction.sum(askedToStop ? 1 : 0)[0] > 0;
    }

    private static List<Double> means(Prepared batch, double[] sums) {
        return IntStream.range(0, batch.batch().microBatches())
                .mapToObj(index -> sums[index] / Math.max(1, batch.batch().targets(index)))
                .toList();
    }

    private static double sumInOrder(double[] values, int from, int count) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += values[i];
        }
        return sum;
    }
}
