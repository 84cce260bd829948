package dev.tanren.trainer.model;

import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.model.decoder.DecoderGeneration;
import dev.tanren.trainer.model.decoder.DecoderTraining;
import dev.tanren.trainer.parameters.FlatBuffer;
import org.bytedeco.pytorch.Tensor;

/// What tests do with a decoder.
final class DecoderUses {

    private final Decoder decoder;
    private final FlatBuffer gradients;

    /// @param gradients that training adds to
    DecoderUses(Decoder decoder, FlatBuffer gradients) {
        this.decoder = decoder;
        this.gradients = gradients;
    }

    /// @return the sum of losses
    double train(MicroBatch batch, double scale) {
        return train(batch, scale, TrainingStage.Activations.NONE);
    }

    double train(MicroBatch batch, double scale, TrainingStage.Activations policy) {
        return train(batch, scale, policy, Objective.CROSS_ENTROPY);
    }

    double train(
            MicroBatch batch, double scale, TrainingStage.Activations policy, Objective objective) {
        return new DecoderTraining(decoder, policy, objective, () -> {})
                .run(batch, scale, gradients)
                .crossEntropySum();
    }

    double lossSum(MicroBatch batch) {
        return new DecoderEvaluation(decoder).lossSum(batch);
    }

    Tensor logits(MicroBatch batch) {
        return new DecoderEvaluation(decoder).logits(batch);
    }

    DecoderGeneration generation() {
        return new DecoderGeneration(decoder);
    }
}
