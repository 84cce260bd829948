package dev.tanren.trainer.model.host;

import dev.tanren.plan.planner.LogitsChunk;
import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.CrossEntropy;
import dev.tanren.trainer.model.common.Embedding;
import dev.tanren.trainer.model.common.GradientProducts;
import dev.tanren.trainer.model.common.HeadGradients;
import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.Products;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import dev.tanren.trainer.model.common.WorkingWeights;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeMemory;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.jspecify.annotations.Nullable;

/// Java loops over host memory. Their bits do not depend on the number of threads.
public final class HostKernels implements Kernels {

    private final int logitsAtOnce;

    public HostKernels() {
        this(LogitsChunk.IN_HOST_MEMORY);
    }

    /// @param logitsAtOnce how many logits there are at a time; a head makes 16 rows at least
    public HostKernels(int logitsAtOnce) {
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
    public @Nullable WorkingWeights workingWeights(ParameterLayout layout, Format format) {
        return switch (format) {
            case FLOAT32 -> null;
            case BFLOAT16 -> new RoundedWeights(layout.elements());
        };
    }

    @Override
    public GradientProducts gradientProducts(Format format) {
        return switch (format) {
            case FLOAT32 -> (sum, left, right) -> Products.add(sum.tensor(), left, right);
            case BFLOAT16 -> new GradientScratch();
        };
    }

    @Override
    public Norm rmsNorm(Parameter gain_1H, double epsilon) {
        return new RmsNorm(gain_1H, epsilon);
    }

    @Override
    public Norm layerNorm(Parameter gain_1H, Parameter bias_1H, double epsilon) {
        return new LayerNorm(gain_1H, bias_1H, epsilon);
    }

    @Override
    public HeadNorm headNorm(
            int queries, int keys, Parameter queryGain_1D, Parameter keyGain_1D, double epsilon) {
        return new HostHeadNorm(queries, keys, queryGain_1D, keyGain_1D, epsilon);
    }

    @Override
    public RotaryEmbedding rotaryEmbedding(float[] frequencies) {
        return new HostRotaryEmbedding(frequencies);
    }

    @Override
    public HeadGradients headGradients(HeadShape shape) {
        return new HostHeadGradients(shape, null);
    }

    @Override
    public Activation swiGlu(int intermediate) {
        return new SwiGlu(intermediate);
    }

    @Override
    public Activation geluTanh(int intermediate) {
        return new GeluTanh(intermediate);
    }

    @Override
    public Embedding embedding() {
        return new HostEmbedding();
    }

    @Override
    public Bias bias(Parameter bias_1O) {
        return new HostBias(bias_1O);
    }

    @Override
    public CrossEntropy crossEntropy(int vocabulary) {
        return new HostCrossEntropy(vocabulary);
    }

    @Override
    public int logitsAtOnce() {
        return logitsAtOnce;
    }

    @Override
    public void await() {}
}
