package dev.tanren.trainer.model.host;

import dev.tanren.plan.Objective;
import dev.tanren.plan.planner.LogitsChunk;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Products;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeMemory;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Java loops over host memory. Their bits do not depend on the number of threads.
public final class HostOperators implements Operators {

    private static final long COPIED_AT_ONCE = 1 << 16;

    private final int logitsAtOnce;
    private final GradientScratch scratch = new GradientScratch();

    public HostOperators() {
        this(LogitsChunk.IN_HOST_MEMORY);
    }

    /// @param logitsAtOnce how many logits there are at a time; a head makes 16 rows at least
    public HostOperators(int logitsAtOnce) {
        this.logitsAtOnce = logitsAtOnce;
    }

    private record Owned(NativeMemory memory, Matrix matrix) implements OwnedMatrix {
        @Override
        public void close() {
            matrix.tensor().releaseReference();
            memory.close();
        }
    }

    @Override
    public OwnedMatrix allocate(Format format, int rows, int columns) {
        NativeMemory memory = new NativeMemory((long) rows * columns * format.bytes());
        Matrix matrix = Matrix.over(memory.segment(), format, rows, columns);
        matrix.tensor().retainReference();
        return new Owned(memory, matrix);
    }

    @Override
    public int logitsAtOnce() {
        return logitsAtOnce;
    }

    @Override
    public boolean inHostMemory() {
        return true;
    }

    @Override
    public void copyWeights(FlatBuffer weights, long from, Matrix copy) {
        if (copy.format() == Format.FLOAT32) {
            copy.segment().copyFrom(weights.segment().asSlice(from * Float.BYTES, copy.bytes()));
            return;
        }
        ComputeThreads.loop(
                (long) copy.rows() * copy.columns(),
                COPIED_AT_ONCE,
                (first, end) ->
                        Bfloat16.write(
                                weights.segment(),
                                (from + first) * Float.BYTES,
                                copy.segment(),
                                first * Format.BFLOAT16.bytes(),
                                (int) (end - first)));
    }

    @Override
    public void await() {}

    @Override
    public void addProduct(Matrix gradient, Tensor left, Tensor right, Format format) {
        switch (format) {
            case FLOAT32 -> Products.add(gradient.tensor(), left, right);
            case BFLOAT16 -> scratch.add(gradient, left, right);
        }
    }

    @Override
    public void rmsNorm(
            Matrix inputs_NH,
            Matrix gain_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix inverse_N1) {
        RmsNorms.forward(inputs_NH, gain_1H, epsilon, outputs_NH, inverse_N1);
    }

    @Override
    public void rmsNormBackward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix inverse_N1,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H) {
        RmsNorms.backward(
                gradient_NH, inputs_NH, gain_1H, inverse_N1, inputGradient_NH, gainGradient_1H);
    }

    @Override
    public void layerNorm(
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix bias_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix statistics_N2) {
        LayerNorms.forward(inputs_NH, gain_1H, bias_1H, epsilon, outputs_NH, statistics_N2);
    }

    @Override
    public void layerNormBackward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix statistics_N2,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H,
            Matrix biasGradient_1H) {
        LayerNorms.backward(
                gradient_NH,
                inputs_NH,
                gain_1H,
                statistics_N2,
                inputGradient_NH,
                gainGradient_1H,
                biasGradient_1H);
    }

    @Override
    public void headNorm(
            Matrix heads_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            double epsilon,
            Matrix raw_NR,
            Matrix inverse_NA) {
        HeadNorms.forward(heads_NW, shape, queryGain_1D, keyGain_1D, epsilon, raw_NR, inverse_NA);
    }

    @Override
    public void headNormBackward(
            Matrix gradient_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            Matrix raw_NR,
            Matrix inverse_NA,
            Matrix queryGainGradient_1D,
            Matrix keyGainGradient_1D) {
        HeadNorms.backward(
                gradient_NW,
                shape,
                queryGain_1D,
                keyGain_1D,
                raw_NR,
                inverse_NA,
                queryGainGradient_1D,
                keyGainGradient_1D);
    }

    @Override
    public void rotate(Matrix heads_NW, int heads, RotaryAngles angles, int[] positions) {
        Rotations.rotate(heads_NW, heads, angles, positions);
    }

    @Override
    public void gatherHeads(
            List<Tensor> gradients_BTKD,
            HeadShape shape,
            AttentionSpan span,
            @Nullable RotaryAngles angles,
            int[] positions,
            Matrix target_NW) {
        Rotations.gather(gradients_BTKD, shape, span, angles, positions, target_NW);
    }

    @Override
    public void swiGlu(Matrix gateUp_N2I, Matrix product_NI) {
        SwiGlu.forward(gateUp_N2I, product_NI);
    }

    @Override
    public void swiGluBackward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I) {
        SwiGlu.backward(gradientThenProduct_NI, gateUpThenGradient_N2I);
    }

    @Override
    public void geluTanh(Matrix inputs_NI, Matrix outputs_NI) {
        GeluTanh.forward(inputs_NI, outputs_NI);
    }

    @Override
    public void geluTanhBackward(Matrix gradientThenOutputs_NI, Matrix inputsThenGradient_NI) {
        GeluTanh.backward(gradientThenOutputs_NI, inputsThenGradient_NI);
    }

    @Override
    public void embed(int[] rows, Matrix table_VH, Matrix hidden_NH) {
        Embeddings.forward(rows, table_VH, hidden_NH);
    }

    @Override
    public void addEmbedding(int[] rows, Matrix table_VH, Matrix hidden_NH) {
        Embeddings.add(rows, table_VH, hidden_NH);
    }

    @Override
    public void embedBackward(int[] rows, Matrix gradient_NH, Matrix tableGradient_VH) {
        Embeddings.backward(rows, gradient_NH, tableGradient_VH);
    }

    @Override
    public void fillWithBias(Matrix bias_1O, Matrix outputs_NO) {
        Biases.fill(bias_1O, outputs_NO);
    }

    @Override
    public void addBias(Matrix inputs_NO, Matrix bias_1O, Matrix outputs_NO) {
        Biases.add(inputs_NO, bias_1O, outputs_NO);
    }

    @Override
    public void biasBackward(Matrix gradient_NO, Matrix biasGradient_1O) {
        Biases.backward(gradient_NO, biasGradient_1O);
    }

    @Override
    public void crossEntropy(Matrix logits_CV, int[] targets, int firstTarget, Losses losses) {
        CrossEntropies.losses(logits_CV, targets, firstTarget, losses);
    }

    @Override
    public void crossEntropyAndGradient(
            Matrix logitsThenGradient_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            Objective objective,
            double scale) {
        CrossEntropies.lossesAndGradient(
                logitsThenGradient_CV, targets, firstTarget, losses, objective, scale);
    }
}
