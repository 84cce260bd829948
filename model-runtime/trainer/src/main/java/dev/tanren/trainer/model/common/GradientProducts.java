package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Tensor;

/// Matrix products that are added to fp32 gradients.
///
/// Legend: R rows and C columns of the gradient, N places.
public interface GradientProducts extends AutoCloseable {

    /// `gradient += left · right`.
    void add(Matrix gradient_RC, Tensor left_RN, Tensor right_NC);

    @Override
    default void close() {}
}
