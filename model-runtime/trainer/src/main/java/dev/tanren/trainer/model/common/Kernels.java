package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.jspecify.annotations.Nullable;

/// How, and in whose memory, the parts of a decoder compute what is not a matrix product: by Java
/// loops in host memory (`HostKernels`), or by libtorch's operations on any device.
///
/// A family says which parts a model has; the kernels make them. Parts of one kind of kernels read
/// and write matrices of the same kind alone. Caches of keys and values are the host's.
public interface Kernels {

    /// Takes memory for a matrix, whose contents are undefined.
    OwnedMatrix allocate(Format format, int rows, int columns);

    /// A matrix with the memory it lies in.
    interface OwnedMatrix extends AutoCloseable {

        Matrix matrix();

        /// Frees the memory.
        @Override
        void close();
    }

    /// A copy of weights for products of this format; null where products read the weights
    /// themselves.
    @Nullable WorkingWeights workingWeights(ParameterLayout layout, Format format);

    /// How products of this format are added to fp32 gradients.
    GradientProducts gradientProducts(Format format);

    Norm rmsNorm(Parameter gain_1H, double epsilon);

    Norm layerNorm(Parameter gain_1H, Parameter bias_1H, double epsilon);

    /// @param queries query heads
    /// @param keys key heads
    HeadNorm headNorm(
            int queries, int keys, Parameter queryGain_1D, Parameter keyGain_1D, double epsilon);

    /// @param frequencies of each pair of a head, as [RotaryFrequencies] has them
    RotaryEmbedding rotaryEmbedding(float[] frequencies);

    /// Of heads that are not rotated.
    HeadGradients headGradients(HeadShape shape);

    Activation swiGlu(int intermediate);

    Activation geluTanh(int intermediate);

    Embedding embedding();

    Bias bias(Parameter bias_1O);

    CrossEntropy crossEntropy(int vocabulary);

    /// How many logits are made at once, so that those of a whole batch never are.
    int logitsAtOnce();

    /// Waits until everything that was asked for is computed.
    void await();
}
