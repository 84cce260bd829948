package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A decoder in fp32 that runs its segments one after the other, and back again.
///
/// Legend: N places (sequences · length), H hidden, V vocabulary.
public final class SegmentedDecoder implements Decoder {

    private final Architecture architecture;
    private final ParameterSet parameters;
    private final InputEmbedding embedding;
    private final List<Segment> segments;
    private final LanguageModelHead head;
    private final Activations activations = new Activations();

    /// @param parameters all that embedding, segments and head have
    public SegmentedDecoder(
            Architecture architecture,
            ParameterSet parameters,
            InputEmbedding embedding,
            List<Segment> segments,
            LanguageModelHead head) {
        this.architecture = architecture;
        this.parameters = parameters;
        this.embedding = embedding;
        this.segments = List.copyOf(segments);
        this.head = head;
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public ParameterLayout layout() {
        return parameters.layout();
    }

    @Override
    public void useWeights(FlatBuffer weights) {
        parameters.useWeights(weights);
    }

    @Override
    public void accumulateGradientsInto(FlatBuffer gradients) {
        parameters.useGradients(gradients);
    }

    @Override
    public MicroBatchResult forwardBackward(MicroBatch batch, double inverseGlobalTargets) {
        long begin = System.nanoTime();
        Pass pass = new Pass(batch, AttentionSpan.of(batch), true, activations);
        Matrix gradient_NH =
                activations.matrix("gradient", batch.places(), architecture.hiddenSize());
        double[] losses = new double[batch.places()];
        try (PointerScope _ = new PointerScope()) {
            Matrix hidden_NH = hidden(pass);
            double headBackward =
                    head.lossesAndGradient(
                            hidden_NH, pass, inverseGlobalTargets, losses, gradient_NH);
            long middle = System.nanoTime();
            for (Segment segment : segments.reversed()) {
                segment.backward(gradient_NH, pass);
            }
            embedding.backward(gradient_NH, pass);
            double forward = (middle - begin) / 1e9 - headBackward;
            double backward = (System.nanoTime() - middle) / 1e9 + headBackward;
            return new MicroBatchResult(sum(losses), forward, backward);
        }
    }

    @Override
    public double lossSum(MicroBatch batch) {
        Pass pass = new Pass(batch, AttentionSpan.of(batch), false, activations);
        double[] losses = new double[batch.places()];
        try (PointerScope _ = new PointerScope()) {
            head.losses(hidden(pass), pass, losses);
        }
        return sum(losses);
    }

    @Override
    public Tensor logits(MicroBatch batch) {
        Pass pass = new Pass(batch, AttentionSpan.of(batch), false, activations);
        Tensor logits_BTV =
                torch.empty(batch.sequences(), batch.sequenceLength(), architecture.vocabSize());
        try (PointerScope _ = new PointerScope()) {
            Tensor logits_NV = logits_BTV.view(batch.places(), architecture.vocabSize());
            head.logits(
                    hidden(pass),
                    pass,
                    new Matrix(
                            logits_NV,
                            NativeAddress.segment(logits_NV),
                            batch.places(),
                            architecture.vocabSize()));
        }
        return logits_BTV;
    }

    private Matrix hidden(Pass pass) {
        Matrix hidden_NH = embedding.forward(pass);
        for (Segment segment : segments) {
            hidden_NH = segment.forward(hidden_NH, pass);
        }
        return hidden_NH;
    }

    private static double sum(double[] losses) {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        return sum;
    }

    @Override
    public void close() {
        activations.close();
    }
}
