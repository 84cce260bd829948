package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import org.bytedeco.pytorch.Tensor;

/// A fixture's decoder a second time, by other operators, with gradients of its own.
final class SecondDecoder implements AutoCloseable {

    final Fixture fixture;
    final Decoder decoder;
    final DecoderUses uses;
    private TrainingStage.Activations policy = TrainingStage.Activations.NONE;
    private Objective objective = Objective.CROSS_ENTROPY;
    private final ComputeDevice device;
    private final FlatBuffer gradients;
    private final FlatBuffer hostGradients;

    /// On the host's memory.
    SecondDecoder(String family, Operators operators, Precision precision) {
        this(family, operators, precision, ComputeDevice.HOST);
    }

    SecondDecoder(String family, Operators operators, Precision precision, ComputeDevice device) {
        this.device = device;
        fixture = Fixture.family(family);
        decoder = Decoders.create(fixture.decoder.architecture(), precision, operators);
        gradients = FlatBuffer.allocate(decoder.layout().elements(), device);
        uses = new DecoderUses(decoder, gradients);
        hostGradients = FlatBuffer.staging(decoder.layout().elements(), device);
        decoder.parameters().useWeights(fixture.weights);
    }

    /// Keeps so much of a pass from now on.
    void keep(TrainingStage.Activations policy) {
        this.policy = policy;
    }

    /// Takes gradients of this from now on.
    void use(Objective objective) {
        this.objective = objective;
    }

    /// @return the sum of losses
    double gradientOf(MicroBatch batch, double scale) {
        gradients.zero();
        double loss = uses.train(batch, scale, policy, objective);
        hostGradients.copyFrom(gradients);
        device.await();
        return loss;
    }

    FlatBuffer hostGradients() {
        return hostGradients;
    }

    double[] gradient() {
        return Numbers.of(hostGradients);
    }

    void shift(float[] direction, double step) {
        for (int i = 0; i < direction.length; i++) {
            float weight = fixture.weights.segment().getAtIndex(JAVA_FLOAT, i);
            fixture.weights
                    .segment()
                    .setAtIndex(JAVA_FLOAT, i, (float) (weight + step * direction[i]));
        }
        decoder.parameters().weightsChanged();
    }

    /// The objective's sum, from logits, in double precision.
    double value(MicroBatch batch, Objective objective) {
        try (Tensor logits = uses.logits(batch)) {
            return objective(
                    Numbers.of(logits),
                    batch.targets(),
                    decoder.architecture().vocabSize(),
                    objective);
        }
    }

    private static double objective(
            double[] logits, int[] targets, int vocabulary, Objective objective) {
        double total = 0;
        for (int n = 0; n < targets.length; n++) {
            if (targets[n] == MicroBatch.IGNORED) {
                continue;
            }
            double sum = 0;
            double mean = 0;
            for (int v = 0; v < vocabulary; v++) {
                sum += Math.exp(logits[n * vocabulary + v]);
                mean += logits[n * vocabulary + v] / vocabulary;
            }
            double logSum = Math.log(sum);
            total +=
                    logSum
                            - (1 - objective.labelSmoothing()) * logits[n * vocabulary + targets[n]]
                            - objective.labelSmoothing() * mean
                            + objective.zLoss() * logSum * logSum;
        }
        return total;
    }

    @Override
    public void close() {
        decoder.close();
        gradients.close();
        hostGradients.close();
        fixture.close();
    }
}
