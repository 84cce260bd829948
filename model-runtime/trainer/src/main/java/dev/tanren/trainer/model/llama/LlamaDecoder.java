package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.model.common.SwiGlu;
import dev.tanren.trainer.model.common.TokenEmbedding;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A Llama-type decoder (Touvron et al. 2023) in fp32.
///
/// Legend: N places (sequences · length), H hidden, V vocabulary.
public final class LlamaDecoder implements Decoder {

    private final Architecture architecture;
    private final ParameterSet parameters;
    private final Parameter embedding_VH;
    private final List<Segment> segments = new ArrayList<>();
    private final LanguageModelHead head;
    private final Activations activations = new Activations();

    public LlamaDecoder(Architecture architecture) {
        this.architecture = architecture;
        parameters = new ParameterSet(LlamaParameters.layout(architecture));
        embedding_VH = parameters.get(LlamaParameters.EMBEDDING);
        RotaryEmbedding rotary =
                new RotaryEmbedding(architecture.effectiveHeadSize(), architecture.ropeTheta());
        SwiGlu swiGlu = new SwiGlu(architecture.intermediateSize());
        for (int layer = 0; layer < architecture.layers(); layer++) {
            segments.addAll(
                    new TransformerBlock(architecture, layer, rotary, swiGlu, parameters)
                            .segments());
        }
        head = new LanguageModelHead(architecture, parameters);
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
            TokenEmbedding.backward(batch.tokens(), gradient_NH, embedding_VH.gradient());
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
        Matrix hidden_NH = activations.matrix("embedded", pass.places(), architecture.hiddenSize());
        TokenEmbedding.forward(pass.batch().tokens(), embedding_VH.weight(), hidden_NH);
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
