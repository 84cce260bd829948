package dev.tanren.trainer.model.tensor;

import dev.tanren.plan.planner.LogitsChunk;
import dev.tanren.trainer.device.ComputeDevice;
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
import dev.tanren.trainer.parameters.ParameterLayout;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// libtorch's operations on the tensors of a device. Also right on the host's, where they are
/// slower than its own kernels.
public final class TensorKernels implements Kernels {

    private final ComputeDevice device;
    private final int logitsAtOnce;

    public TensorKernels(ComputeDevice device) {
        this(device, LogitsChunk.ON_A_DEVICE);
    }

    /// @param logitsAtOnce how many logits there are at a time; a head makes 16 rows at least
    public TensorKernels(ComputeDevice device, int logitsAtOnce) {
        this.device = device;
        this.logitsAtOnce = logitsAtOnce;
    }

    private record Owned(Matrix matrix) implements OwnedMatrix {
        @Override
        public void close() {
            matrix.tensor().releaseReference();
        }
    }

    static ScalarType type(Format format) {
        return switch (format) {
            case FLOAT32 -> ScalarType.Float;
            case BFLOAT16 -> ScalarType.BFloat16;
        };
    }

    @Override
    public OwnedMatrix allocate(Format format, int rows, int columns) {
        try (PointerScope _ = new PointerScope()) {
            Tensor tensor = DeviceTensors.empty(device, type(format), rows, columns);
            tensor.retainReference();
            return new Owned(Matrix.of(tensor, format, rows, columns));
        }
    }

    @Override
    public WorkingWeights workingWeights(ParameterLayout layout, Format format) {
        return new DeviceWeights(layout, format, device);
    }

    @Override
    public GradientProducts gradientProducts(Format format) {
        return switch (format) {
            case FLOAT32 -> (sum, left, right) -> Products.add(sum.tensor(), left, right);
            case BFLOAT16 ->
                    (sum, left, right) -> {
                        try (PointerScope _ = new PointerScope()) {
                            sum.tensor().add_(torch.mm(left, right));
                        }
                    };
        };
    }

    @Override
    public Norm rmsNorm(Parameter gain_1H, double epsilon) {
        return new TensorRmsNorm(gain_1H, epsilon);
    }

    @Override
    public Norm layerNorm(Parameter gain_1H, Parameter bias_1H, double epsilon) {
        return new TensorLayerNorm(gain_1H, bias_1H, epsilon);
    }

    @Override
    public HeadNorm headNorm(
            int queries, int keys, Parameter queryGain_1D, Parameter keyGain_1D, double epsilon) {
        return new TensorHeadNorm(queries, keys, queryGain_1D, keyGain_1D, epsilon);
    }

    @Override
    public RotaryEmbedding rotaryEmbedding(float[] frequencies) {
        return new TensorRotaryEmbedding(device, frequencies);
    }

    @Override
    public HeadGradients headGradients(HeadShape shape) {
        return new TensorHeadGradients(shape, null);
    }

    @Override
    public Activation swiGlu(int intermediate) {
        return new TensorSwiGlu(intermediate);
    }

    @Override
    public Activation geluTanh(int intermediate) {
        return new TensorGeluTanh();
    }

    @Override
    public Embedding embedding() {
        return new TensorEmbedding(device);
    }

    @Override
    public Bias bias(Parameter bias_1O) {
        return new TensorBias(bias_1O);
    }

    @Override
    public CrossEntropy crossEntropy(int vocabulary) {
        return new TensorCrossEntropy(device);
    }

    @Override
    public int logitsAtOnce() {
        return logitsAtOnce;
    }

    @Override
    public void await() {
        device.await();
    }
}
