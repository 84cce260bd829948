package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.trainer.model.Decoder;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.MicroBatchResult;
import dev.tanren.trainer.model.common.Activations;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.host.Rows;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// A decoder that runs its segments one after the other, and back again.
///
/// The residual stream, what products read and write, and their gradients have the format of the
/// parameters; norms, softmax, losses and gradients of parameters are fp32.
///
/// Legend: N places (sequences · length), H hidden, V vocabulary.
public final class SegmentedDecoder implements Decoder {

    private final Architecture architecture;
    private final ParameterSet parameters;
    private final InputEmbedding embedding;
    private final List<List<Segment>> layers;
    private final LanguageModelHead head;
    private final Activations activations;
    private TrainingStage.Activations policy = TrainingStage.Activations.NONE;
    private Runnable sign = () -> {};

    /// @param parameters all that embedding, segments and head have
    public SegmentedDecoder(
            Architecture architecture,
            ParameterSet parameters,
            InputEmbedding embedding,
            List<Segment> segments,
            LanguageModelHead head) {
        this.architecture = architecture;
        this.parameters = parameters;
        this.activations = new Activations(parameters.kernels());
        this.embedding = embedding;
        this.layers =
                List.copyOf(
                        segments.stream()
                                .collect(
                                        Collectors.groupingBy(
                                                Segment::layer,
                                                TreeMap::new,
                                                Collectors.toUnmodifiableList()))
                                .values());
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
    public void weightsChanged() {
        parameters.weightsChanged();
    }

    @Override
    public void accumulateGradientsInto(FlatBuffer gradients) {
        parameters.useGradients(gradients);
    }

    @Override
    public void recomputeActivations(TrainingStage.Activations policy) {
        this.policy = policy;
    }

    @Override
    public void useObjective(Objective objective) {
        head.use(objective);
    }

    @Override
    public void tellSigns(Runnable sign) {
        this.sign = sign;
        head.tellSigns(sign);
    }

    @Override
    public MicroBatchResult forwardBackward(MicroBatch batch, double inverseGlobalTargets) {
        long begin = System.nanoTime();
        Pass pass = Pass.training(batch, policy, format(), activations);
        Matrix gradient_NH =
                activations.matrix("gradient", format(), batch.places(), architecture.hiddenSize());
        double[] losses = new double[batch.places()];
        try (PointerScope _ = new PointerScope()) {
            Matrix[] inputs_NH = new Matrix[layers.size()];
            Matrix hidden_NH = hidden(pass, inputs_NH);
            double headBackward =
                    head.lossesAndGradient(
                            hidden_NH, pass, inverseGlobalTargets, losses, gradient_NH);
            long middle = System.nanoTime();
            for (int layer = layers.size() - 1; layer >= 0; layer--) {
                backward(layers.get(layer), inputs_NH[layer], gradient_NH, pass);
            }
            embedding.backward(gradient_NH, pass);
            parameters.kernels().await();
            double forward = (middle - begin) / 1e9 - headBackward;
            double backward = (System.nanoTime() - middle) / 1e9 + headBackward;
            return new MicroBatchResult(sum(losses), head.zLossSum(), forward, backward);
        }
    }

    @Override
    public double lossSum(MicroBatch batch) {
        Pass pass = Pass.evaluating(batch, format(), activations);
        double[] losses = new double[batch.places()];
        try (PointerScope _ = new PointerScope()) {
            head.losses(hidden(pass, null), pass, losses);
        }
        return sum(losses);
    }

    @Override
    public Tensor logits(MicroBatch batch) {
        Pass pass = Pass.evaluating(batch, format(), activations);
        int vocabulary = architecture.vocabSize();
        Tensor logits_BTV = torch.empty(batch.sequences(), batch.sequenceLength(), vocabulary);
        try (PointerScope _ = new PointerScope();
                Kernels.OwnedMatrix owned =
                        parameters.kernels().allocate(format(), batch.places(), vocabulary)) {
            Matrix logits_NV = owned.matrix();
            head.logits(hidden(pass, null), pass, logits_NV);
            logits_BTV.view(batch.places(), vocabulary).copy_(logits_NV.tensor());
        }
        return logits_BTV;
    }

    @Override
    public KeyValueCache newCache(int capacity) {
        return new KeyValueCache(
                format(),
                architecture.layers(),
                architecture.keyValueHeads(),
                architecture.effectiveHeadSize(),
                capacity);
    }

    @Override
    public float[] nextLogits(int[] tokens, KeyValueCache cache) {
        cache.requireRoom(tokens.length);
        if (tokens.length == 0 || (tokens.length > 1 && cache.length() > 0)) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens after " + cache.length() + " in a cache");
        }
        MicroBatch batch = MicroBatch.continuing(tokens, cache.length());
        Pass pass = Pass.evaluating(batch, format(), activations, cache);
        float[] logits = new float[architecture.vocabSize()];
        try (PointerScope _ = new PointerScope()) {
            Matrix logits_1V = activations.matrix("next.logits", format(), 1, logits.length);
            head.lastLogits(hidden(pass, null), pass, logits_1V);
            Rows.read(logits_1V, 0, logits);
        }
        cache.advance(tokens.length);
        return logits;
    }

    /// @param inputs_NH receives the residual stream before each layer, where it is wanted
    private Matrix hidden(Pass pass, Matrix @Nullable [] inputs_NH) {
        parameters.refresh();
        Matrix hidden_NH = embedding.forward(pass);
        for (int layer = 0; layer < layers.size(); layer++) {
            if (inputs_NH != null) {
                inputs_NH[layer] = hidden_NH;
            }
            for (Segment segment : layers.get(layer)) {
                hidden_NH = segment.forward(hidden_NH, pass);
                sign.run();
            }
        }
        return hidden_NH;
    }

    private void backward(List<Segment> layer, Matrix input_NH, Matrix gradient_NH, Pass pass) {
        Pass again = pass.again();
        if (pass.keeping() == Pass.Keeping.LAYER_OUTPUTS) {
            // The last part's output is there already: it is the next layer's input.
            Matrix hidden_NH = input_NH;
            for (Segment segment : layer.subList(0, layer.size() - 1)) {
                hidden_NH = segment.forward(hidden_NH, again);
                sign.run();
            }
            layer.getLast().recompute(again);
        }
        for (Segment segment : layer.reversed()) {
            if (pass.keeping() == Pass.Keeping.PRODUCTS) {
                segment.recompute(again);
            }
            segment.backward(gradient_NH, again);
            sign.run();
        }
    }

    private static double sum(double[] losses) {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        return sum;
    }

    @Override
    public long activationBytes() {
        return activations.bytes();
    }

    private Format format() {
        return parameters.format();
    }

    @Override
    public void close() {
        activations.close();
        parameters.close();
    }
}
