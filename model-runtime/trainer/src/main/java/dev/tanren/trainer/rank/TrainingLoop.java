package dev.tanren.trainer.rank;

import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.Report.Work;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.checkpoint.SkippedPhases;
import dev.tanren.trainer.checkpoint.CheckpointSaver;
import dev.tanren.trainer.checkpoint.CheckpointState;
import dev.tanren.trainer.checkpoint.Replicas;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.data.BatchPrefetcher;
import dev.tanren.trainer.data.SampleOrder;
import dev.tanren.trainer.optimizer.GradientNorm;
import dev.tanren.trainer.optimizer.LearningRateSchedule;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Trains one phase. [#step] is the training step, from top to bottom.
final class TrainingLoop {

    /// How the loop ended.
    ///
    /// @param step last step that is done and saved, or after an anomaly the last one before it
    record End(long step, Ending ending) {}

    enum Ending {
        /// With the launch's last step.
        FINISHED,
        /// On request.
        PREEMPTED,
        /// By a step that wants a rollback or a person.
        ANOMALY
    }

    /// The parts that the loop drives.
    record Parts(
            StepComputation computation,
            TrainingState state,
            LearningRateSchedule schedule,
            SampleOrder order,
            BatchPrefetcher batches,
            CheckpointSaver saver,
            Replicas replicas,
            Evaluator evaluator,
            AnomalyWatch anomalies,
            MemoryLimit memory,
            Preemption preemption,
            Progress progress,
            Consumer<Report> reports) {}

    private final RankLaunch launch;
    private final TrainingStage stage;
    private final Timetable timetable;
    private final Parts parts;
    private long optimizerSteps;

    TrainingLoop(
            RankLaunch launch,
            TrainingStage stage,
            Timetable timetable,
            CheckpointState start,
            Parts parts) {
        this.launch = launch;
        this.stage = stage;
        this.timetable = timetable;
        this.parts = parts;
        this.optimizerSteps = start.optimizerSteps();
    }

    /// Runs steps `firstStep` to the launch's last one, or until all ranks agree to stop.
    ///
    /// @param beginning whether no step of the stage was ever applied, so that the model is to be
    ///     measured before the first
    End run(long firstStep, boolean beginning) {
        if (beginning) {
            evaluate(0);
        }
        for (long step = firstStep; step <= launch.work().lastStep(); step++) {
            Ending ending = step(step);
            if (ending != null && (ending == Ending.ANOMALY || step < launch.work().lastStep())) {
                parts.saver().await();
                return new End(ending == Ending.ANOMALY ? step - 1 : step, ending);
            }
        }
        parts.saver().await();
        return new End(launch.work().lastStep(), Ending.FINISHED);
    }

    /// @return why the loop is to end with this step, on which all ranks agree; null where it goes
    ///     on
    private @Nullable Ending step(long step) {
        StepClock clock = new StepClock();

        BatchPrefetcher.Prepared batch = parts.batches().next();
        clock.dataDone();

        if (parts.anomalies().leavesOut(step)) {
            skipped(step, batch);
            return end(step, parts.computation().agreeToStop(parts.preemption().requested()));
        }
        StepComputation.Result result =
                parts.computation().compute(step, batch, clock, parts.preemption().requested());
        parts.memory().computed();
        AnomalyWatch.Finding finding =
                parts.anomalies().judge(step, result.loss(), result.gradientNorm());
        if (finding != null) {
            List<String> samples = suspects(finding, result, batch);
            report(step, result, finding, samples);
            switch (finding.action()) {
                case SKIP -> skipped(step, batch);
                case ROLLBACK, PAUSE -> {
                    return Ending.ANOMALY;
                }
                case FAIL -> throw diverged(step, result, samples);
            }
            return end(step, result.stop());
        }

        parts.progress().begin(Work.UPDATING, step, 0);
        double rate = parts.schedule().at(tokensBefore(step));
        Double clipNorm = stage.optimizer().clipNorm();
        double scale =
                clipNorm == null ? 1 : GradientNorm.clippingScale(result.gradientNorm(), clipNorm);
        optimizerSteps++;
        parts.state().optimizer().step(result.gradient(), optimizerSteps, rate, scale);
        parts.state().after(step, true);
        parts.anomalies().applied(result.loss());
        clock.optimizerDone();

        boolean saves = saves(step, result.stop());
        if (saves) {
            snapshot(step);
        }
        clock.checkpointDone();
        parts.reports()
                .accept(
                        new Report.StepFinished(
                                launch.rank(),
                                step,
                                launch.work().phaseId(),
                                result.loss(),
                                stage.objective().zLoss() > 0 ? result.zLoss() : null,
                                rate,
                                result.gradientNorm(),
                                batch.targets(),
                                batch.batch().sequenceLength(),
                                batch.hash(),
                                clock.seconds(),
                                ResidentMemory.read().peakBytes()));
        return afterReport(step, saves, result.stop());
    }

    /// A step that changed nothing ends, saves and measures like any other.
    private @Nullable Ending end(long step, boolean stop) {
        boolean saves = saves(step, stop);
        if (saves) {
            snapshot(step);
        }
        return afterReport(step, saves, stop);
    }

    private void snapshot(long step) {
        parts.progress().begin(Work.SAVING, step, 0);
        Map<String, String> values = checkpointState(step);
        // Before the copy, so that every checkpoint is of a state that all ranks had.
        parts.replicas().requireEqual(step);
        parts.saver().snapshot(step, values);
        parts.memory().saved();
    }

    private @Nullable Ending afterReport(long step, boolean saves, boolean stop) {
        if (evaluates(step)) {
            evaluate(step);
        }
        // Last, so that a checkpoint is never committed whose step or evaluation is not reported.
        if (saves) {
            parts.saver().upload();
        }
        parts.memory().stepEnded();
        return stop ? Ending.PREEMPTED : null;
    }

    private void skipped(long step, BatchPrefetcher.Prepared batch) {
        parts.state().after(step, false);
        parts.anomalies().skipped(step);
        parts.reports()
                .accept(
                        new Report.StepSkipped(
                                launch.rank(),
                                step,
                                launch.work().phaseId(),
                                batch.hash(),
                                parts.anomalies().lastLoss()));
    }

    private boolean saves(long step, boolean stop) {
        return stop
                || step % stage.checkpoint().everySteps() == 0
                || step == launch.work().lastStep();
    }

    private boolean evaluates(long step) {
        TrainingStage.Evaluation evaluation = stage.evaluation();
        return evaluation != null
                && (step % evaluation.everySteps() == 0 || step == launch.work().lastStep());
    }

    private void evaluate(long step) {
        Map<String, Report.Evaluation> measured = parts.evaluator().evaluate(step);
        parts.memory().evaluated();
        if (!measured.isEmpty()) {
            parts.reports().accept(new Report.Evaluated(launch.rank(), step, measured));
        }
    }

    /// Tokens of the stage that are trained on before a step; phases that are left out have none.
    private long tokensBefore(long step) {
        return timetable.stepsBefore(step) * stage.globalBatchTokens();
    }

    private Map<String, String> checkpointState(long step) {
        parts.state().refreshAverage();
        return CheckpointState.values(
                optimizerSteps,
                tokensBefore(step + 1),
                launch.work().phaseId(),
                List.of(
                        SkippedPhases.values(launch.work().skippedPhases()),
                        parts.order().offsets(step),
                        parts.state().values(),
                        parts.anomalies().values()));
    }

    private static List<String> suspects(
            AnomalyWatch.Finding finding,
            StepComputation.Result result,
            BatchPrefetcher.Prepared batch) {
        return switch (finding.kind()) {
            case NON_FINITE -> result.samples(batch, loss -> !Double.isFinite(loss));
            case SPIKE -> result.samples(batch, loss -> loss >= result.loss());
        };
    }

    private void report(
            long step,
            StepComputation.Result result,
            AnomalyWatch.Finding finding,
            List<String> samples) {
        parts.reports()
                .accept(
                        new Report.AnomalyFound(
                                launch.rank(),
                                step,
                                launch.work().phaseId(),
                                finding.kind(),
                                result.loss(),
                                result.gradientNorm(),
                                finding.median(),
                                finding.action(),
                                samples));
    }

    private static TanrenException diverged(
            long step, StepComputation.Result result, List<String> samples) {
        return new TanrenException(
                ErrorCode.TRAINING_DIVERGED,
                "the loss of step "
                        + step
                        + " is "
                        + result.loss()
                        + " and its gradient norm "
                        + result.gradientNorm()
                        + "; the step was not applied",
                "samples " + samples,
                "Lower the learning rate or clipNorm, or look at these samples.");
    }
}
