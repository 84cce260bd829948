package dev.tanren.trainer.rank;

import dev.tanren.launch.Report.Work;
import dev.tanren.trainer.data.BatchPrefetcher.Prepared;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/// Forward and backward pass of a step's batch over all ranks.
final class StepComputation {

    private final Decoder decoder;
    private final GradientTree gradients;
    private final TreeReduction reduction;
    private final HostGradient hostGradient;
    private final Progress progress;

    /// @param hostGradient takes what was summed to where the optimizer is
    StepComputation(
            Decoder decoder,
            GradientTree gradients,
            TreeReduction reduction,
            HostGradient hostGradient,
            Progress progress) {
        this.hostGradient = hostGradient;
        this.progress = progress;
        this.decoder = decoder;
        this.gradients = gradients;
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
        double inverseTargets = 1.0 / batch.targets();
        progress.begin(Work.COMPUTING, step, batch.own().size());
        decoder.weightsChanged();
        clock.copyDone();
        FlatBuffer summed =
                gradients.sum(
                        batch.own().size(),
                        (index, buffer) -> {
                            decoder.accumulateGradientsInto(buffer);
                            MicroBatchResult result =
                                    decoder.forwardBackward(batch.own().get(index), inverseTargets);
                            int slot = batch.firstOwn() + index;
                            agreed[slot] = result.lossSum();
                            agreed[microBatches + slot] = result.zLossSum();
                            clock.computed(result.forwardSeconds(), result.backwardSeconds());
                            progress.partDone();
                        });
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
