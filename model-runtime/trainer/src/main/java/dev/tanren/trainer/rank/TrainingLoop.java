package dev.tanren.trainer.rank;

import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.trainer.checkpoint.CheckpointSaver;
import dev.tanren.trainer.checkpoint.CheckpointState;
import dev.tanren.trainer.data.BatchPrefetcher;
import dev.tanren.trainer.data.SampleOrder;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.optimizer.AdamW;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.optimizer.LearningRateSchedule;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Trains one phase. [#step] is the training step, from top to bottom.
final class TrainingLoop {

    /// How the loop ended.
    ///
    /// @param step last step that is applied and saved
    /// @param preempted whether it ended before the phase's last step, on request
    record End(long step, boolean preempted) {}

    /// The parts that the loop drives.
    record Parts(
            Decoder decoder,
            GradientTree gradients,
            TreeReduction reduction,
            AdamW optimizer,
            LearningRateSchedule schedule,
            SampleOrder order,
            BatchPrefetcher batches,
            CheckpointSaver saver,
            Evaluator evaluator,
            Preemption preemption,
            Consumer<Report> reports) {}

    private final RankLaunch launch;
    private final TrainingStage stage;
    private final Parts parts;
    private long optimizerSteps;

    TrainingLoop(RankLaunch launch, TrainingStage stage, CheckpointState start, Parts parts) {
        this.launch = launch;
        this.stage = stage;
        this.parts = parts;
        this.optimizerSteps = start.optimizerSteps();
    }

    /// Runs steps `firstStep` to the launch's last one, or until all ranks agree to stop.
    ///
    /// @param beginning whether no step of the stage was ever applied, so that the model is to
    ///     be measured before the first
    End run(long firstStep, boolean beginning) {
        if (beginning) {
            evaluate(0);
        }
        for (long step = firstStep; step <= launch.lastStep(); step++) {
            boolean stop = step(step);
            if (stop && step < launch.lastStep()) {
                parts.saver().await();
                return new End(step, true);
            }
        }
        parts.saver().await();
        return new End(launch.lastStep(), false);
    }

    /// @return whether a rank was asked to stop, on which all ranks agree
    private boolean step(long step) {
        StepClock clock = new StepClock();

        BatchPrefetcher.Prepared batch = parts.batches().next();
        clock.dataDone();

        // One slot for each micro-batch of the step, filled by its rank, and one for the stop flag.
        double[] agreed = new double[batch.batch().microBatches() + 1];
        double inverseTargets = 1.0 / batch.targets();
        FlatBuffer gradient =
                parts.gradients()
                        .sum(
                                batch.own().size(),
                                (index, buffer) -> {
                                    parts.decoder().accumulateGradientsInto(buffer);
                                    MicroBatchResult result =
                                            parts.decoder()
                                                    .forwardBackward(
                                                            batch.own().get(index), inverseTargets);
                                    agreed[batch.firstOwn() + index] = result.lossSum();
                                    clock.computed(
                                            result.forwardSeconds(), result.backwardSeconds());
                                });
        clock.gradientsDone();

        agreed[agreed.length - 1] = parts.preemption().requested() ? 1 : 0;
        parts.reduction().sum(gradient);
        double[] sums = parts.reduction().sum(agreed);
        boolean stop = sums[sums.length - 1] > 0;
        double loss = sumInOrder(sums, sums.length - 1) / batch.targets();
        clock.communicationDone();

        double norm = GradientNorm.l2(gradient);
        requireFinite(batch, sums, loss, norm);
        double rate = parts.schedule().at((step - 1) * stage.globalBatchTokens());
        Double clipNorm = stage.optimizer().clipNorm();
        double scale = clipNorm == null ? 1 : GradientNorm.clippingScale(norm, clipNorm);
        optimizerSteps++;
        parts.optimizer().step(gradient, optimizerSteps, rate, scale);
        clock.optimizerDone();

        boolean save = saves(step) || stop;
        if (save) {
            parts.saver().snapshot(step, checkpointState(step));
        }
        clock.checkpointDone();

        parts.reports()
                .accept(
                        new Report.StepFinished(
                                launch.rank(),
                                step,
                                launch.phaseId(),
                                loss,
                                rate,
                                norm,
                                batch.targets(),
                                batch.batch().sequenceLength(),
                                batch.hash(),
                                clock.seconds(),
                                ResidentMemory.peakBytes()));
        if (evaluates(step)) {
            evaluate(step);
        }
        // Last, so that a checkpoint is never committed whose step or evaluation is not reported.
        if (save) {
            parts.saver().upload();
        }
        return stop;
    }

    private boolean saves(long step) {
        return step % stage.checkpoint().everySteps() == 0 || step == launch.lastStep();
    }

    private boolean evaluates(long step) {
        TrainingStage.Evaluation evaluation = stage.evaluation();
        return evaluation != null
                && (step % evaluation.everySteps() == 0 || step == launch.lastStep());
    }

    private void evaluate(long step) {
        Map<String, Report.Evaluation> measured = parts.evaluator().evaluate();
        if (!measured.isEmpty()) {
            parts.reports().accept(new Report.Evaluated(launch.rank(), step, measured));
        }
    }

    private Map<String, String> checkpointState(long step) {
        return CheckpointState.values(
                optimizerSteps,
                step * stage.globalBatchTokens(),
                launch.phaseId(),
                parts.order().offsets(step));
    }

    private static double sumInOrder(double[] values, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values[i];
        }
        return sum;
    }

    /// A step that is not finite is never applied.
    private static void requireFinite(
            BatchPrefetcher.Prepared batch, double[] losses, double loss, double norm) {
        if (Double.isFinite(loss) && Double.isFinite(norm)) {
            return;
        }
        List<String> suspects =
                IntStream.range(0, batch.batch().microBatches())
                        .filter(index -> !Double.isFinite(losses[index]))
                        .boxed()
                        .flatMap(index -> batch.batch().sampleIds(index).stream())
                        .toList();
        throw new TanrenException(
                ErrorCode.TRAINING_DIVERGED,
                "the loss of step "
                        + batch.batch().step()
                        + " is "
                        + loss
                        + " and its gradient norm "
                        + norm
                        + "; the step was not applied",
                "samples " + (suspects.isEmpty() ? batch.batch().sampleIds() : suspects),
                "Lower the learning rate or clipNorm, or look at these samples.");
    }
}
