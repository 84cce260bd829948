package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.parameters.FlatBuffer;

/// Forward and backward passes of a decoder, which add up gradients.
public final class DecoderTraining {

    private final Decoder decoder;
    private final Objective objective;
    private final PassClock clock;
    private final Pass.Setting setting;

    /// @param policy which activations are kept for the backward; the bits do not depend on it
    /// @param objective what gradients are of; losses stay cross-entropies
    /// @param sign is told by the computing thread whenever a part of a pass is done
    public DecoderTraining(
            Decoder decoder, TrainingStage.Activations policy, Objective objective, Runnable sign) {
        this.decoder = decoder;
        this.objective = objective;
        clock = new PassClock(decoder.parameters().operators());
        setting =
                decoder.setting(
                        decoder.segments().stream().map(it -> around(it, policy)).toList(),
                        clock,
                        policy != TrainingStage.Activations.SELECTIVE,
                        sign);
    }

    private static Segment around(Segment segment, TrainingStage.Activations policy) {
        return switch (policy) {
            case NONE, SELECTIVE -> segment;
            case FULL -> segment instanceof DecoderLayer ? new Recomputed(segment) : segment;
        };
    }

    /// What it trains.
    public Decoder decoder() {
        return decoder;
    }

    /// How many segments a pass goes through.
    public int segments() {
        return setting.segments().size();
    }

    public PassClock clock() {
        return clock;
    }

    /// Begins the pass of a micro-batch. Its gradients are added to whichever buffer the decoder's
    /// parameters are bound to when a segment is run.
    ///
    /// @param inverseGlobalTargets one over the counted targets of the whole global batch, over all
    ///     micro-batches and ranks: the factor of every place's objective
    public Pass begin(MicroBatch batch, double inverseGlobalTargets) {
        decoder.parameters().refresh();
        return new Pass(setting, batch, new Pass.Goal(objective, inverseGlobalTargets), null);
    }

    /// Runs one micro-batch through all segments and back, and adds to these gradients.
    ///
    /// @param inverseGlobalTargets see [#begin]
    public Losses run(MicroBatch batch, double inverseGlobalTargets, FlatBuffer gradients) {
        decoder.parameters().useGradients(gradients);
        try (Pass pass = begin(batch, inverseGlobalTargets)) {
            for (Action action : Action.oneByOne(1, segments())) {
                pass.run(action);
            }
            return pass.losses();
        }
    }
}
