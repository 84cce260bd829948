package dev.tanren.trainer.optimizer;

import ai.djl.training.tracker.Tracker;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.Timetable;
import java.util.List;

/// A learning rate over the tokens of a stage, as a DJL [Tracker] and in double precision.
///
/// A step counts by the tokens that are done when it ends. So the rate first rises in a straight
/// line over `warmup` tokens, from the initial rate to the full one, which it reaches with the
/// last of them, and no step has a rate of 0 for want of warm-up; and a fall reaches the minimum
/// with the last step, as in torchtitan (`docs/decisions/0013-last-rate.md`).
///
/// Continued pre-training warms up again and decays again (Ibrahim et al. 2024): each stage begins
/// its schedule anew, from `initial`, the last rate of the training before; [Phased] does so in
/// each phase.
public sealed interface LearningRateSchedule extends Tracker
        permits LearningRateSchedule.Constant,
                LearningRateSchedule.Linear,
                LearningRateSchedule.Cosine,
                LearningRateSchedule.WarmupStableDecay,
                LearningRateSchedule.Phased {

    /// What every shape is made of, all lengths in tokens.
    ///
    /// @param learningRate the full rate
    /// @param initial where warm-up rises from, as a fraction of the full rate
    /// @param minimum the rate of the last step of a fall, as a fraction of the full one
    /// @param step tokens of one optimizer step
    record Span(
            double learningRate,
            double initial,
            double minimum,
            long warmup,
            long decay,
            long total,
            long step) {

        public Span {
            if (warmup < 0 || decay < 0 || total < 1 || step < 1 || warmup > total) {
                throw new IllegalArgumentException(
                        "warm-up " + warmup + " and decay " + decay + " do not fit " + total);
            }
        }

        /// How far warm-up has come, 0 to 1.
        private double warm(long tokensBefore) {
            return warmup == 0 ? 1 : Math.min(1, (double) (tokensBefore + step) / warmup);
        }

        /// How far the fall has come that begins at `from` and ends with the last token, 0 to 1.
        private double fallen(long tokensBefore, long from) {
            return total <= from
                    ? 0
                    : Math.clamp((double) (tokensBefore + step - from) / (total - from), 0, 1);
        }

        private double rising(double warm) {
            return learningRate * (initial + (1 - initial) * warm);
        }

        private double falling(double height) {
            return learningRate * (minimum + (1 - minimum) * height);
        }
    }

    /// Tokens of one optimizer step.
    long tokensPerStep();

    /// The rate of the step that begins when `tokensBefore` tokens of the stage are done; those of
    /// phases that are left out do not count.
    double at(long tokensBefore);

    @Override
    default float getNewValue(int updates) {
        return (float) at(updates * tokensPerStep());
    }

    /// The schedule of a whole stage, over all its phases that run.
    ///
    /// @param timetable what runs of the stage, as far as it is decided
    static LearningRateSchedule of(TrainingStage stage, Timetable timetable) {
        List<Timetable.Entry> entries = timetable.entries();
        long tokensPerStep = stage.globalBatchTokens();
        return switch (stage.schedule().over()) {
            case STAGE ->
                    of(
                            stage,
                            entries.stream().mapToLong(Timetable.Entry::steps).sum()
                                    * tokensPerStep);
            case PHASE ->
                    new Phased(
                            entries.stream()
                                    .map(
                                            entry ->
                                                    new Phased.Part(
                                                            timetable.stepsBefore(entry.firstStep())
                                                                    * tokensPerStep,
                                                            of(
                                                                    stage,
                                                                    entry.steps() * tokensPerStep)))
                                    .toList());
        };
    }

    private static LearningRateSchedule of(TrainingStage stage, long totalTokens) {
        return of(
                stage.schedule(),
                stage.optimizer().learningRate(),
                totalTokens,
                stage.globalBatchTokens());
    }

    /// @param totalTokens tokens that it spans
    /// @param tokensPerStep tokens of one optimizer step
    static LearningRateSchedule of(
            TrainingStage.Schedule schedule,
            double learningRate,
            long totalTokens,
            long tokensPerStep) {
        Span span =
                new Span(
                        learningRate,
                        schedule.initial(),
                        schedule.minimum(),
                        Math.round(schedule.warmup() * totalTokens),
                        Math.round(schedule.decay() * totalTokens),
                        totalTokens,
                        tokensPerStep);
        return switch (schedule.type()) {
            case CONSTANT -> new Constant(span);
            case LINEAR -> new Linear(span);
            case COSINE -> new Cosine(span);
            case WARMUP_STABLE_DECAY -> new WarmupStableDecay(span);
        };
    }

    /// The full rate after warm-up.
    record Constant(Span span) implements LearningRateSchedule {
        @Override
        public long tokensPerStep() {
            return span.step;
        }

        @Override
        public double at(long tokensBefore) {
            return span.rising(span.warm(tokensBefore));
        }
    }

    /// A straight fall from the end of warm-up to the minimum.
    record Linear(Span span) implements LearningRateSchedule {
        @Override
        public long tokensPerStep() {
            return span.step;
        }

        @Override
        public double at(long tokensBefore) {
            double warm = span.warm(tokensBefore);
            return warm < 1
                    ? span.rising(warm)
                    : span.falling(1 - span.fallen(tokensBefore, span.warmup));
        }
    }

    /// Half a cosine from the end of warm-up to the minimum (Loshchilov and Hutter 2017).
    record Cosine(Span span) implements LearningRateSchedule {
        @Override
        public long tokensPerStep() {
            return span.step;
        }

        @Override
        public double at(long tokensBefore) {
            double warm = span.warm(tokensBefore);
            double fallen = span.fallen(tokensBefore, span.warmup);
            return warm < 1
                    ? span.rising(warm)
                    : span.falling(0.5 * (1 + StrictMath.cos(Math.PI * fallen)));
        }
    }

    /// The full rate until `decay` tokens are left, then a straight fall to the minimum (Hu et al.
    /// 2024).
    record WarmupStableDecay(Span span) implements LearningRateSchedule {
        @Override
        public long tokensPerStep() {
            return span.step;
        }

        @Override
        public double at(long tokensBefore) {
            double warm = span.warm(tokensBefore);
            long fall = Math.max(span.warmup, span.total - span.decay);
            return warm < 1 ? span.rising(warm) : span.falling(1 - span.fallen(tokensBefore, fall));
        }
    }

    /// A schedule of its own for each phase.
    ///
    /// @param parts in the order of their phases
    record Phased(List<Part> parts) implements LearningRateSchedule {

        /// @param from tokens of the stage before the phase
        record Part(long from, LearningRateSchedule schedule) {}

        public Phased {
            parts = List.copyOf(parts);
        }

        @Override
        public long tokensPerStep() {
            return parts.getFirst().schedule().tokensPerStep();
        }

        @Override
        public double at(long tokensBefore) {
            Part current = parts.getFirst();
            for (Part part : parts) {
                if (part.from() <= tokensBefore) {
                    current = part;
                }
            }
            return current.schedule().at(tokensBefore - current.from());
        }
    }
}
