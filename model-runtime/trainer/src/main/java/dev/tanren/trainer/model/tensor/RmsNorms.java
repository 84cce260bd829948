package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// Root-mean-square normalisation (Zhang and Sennrich 2019).
///
/// Legend: N places, H hidden.
final class RmsNorms {

    private RmsNorms() {}

    static void forward(
            Matrix inputs_NH,
            Matrix gain_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix inverse_N1) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x_NH = Fp32.of(inputs_NH.tensor());
            inverse_N1.tensor().copy_(inverse(x_NH, epsilon));
            outputs_NH.tensor().copy_(x_NH.mul(inverse_N1.tensor()).mul_(gain_1H.tensor()));
        }
    }

    /// One over the root mean square along the last dimension.
    static Tensor inverse(Tensor values, double epsilon) {
        return Fp32.mean(values.square()).add_(new Scalar(epsilon)).rsqrt_();
    }

    static void backward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix inverse_N1,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x_NH = Fp32.of(inputs_NH.tensor());
            Tensor gradient = Fp32.of(gradient_NH.tensor());
            Tensor inverse = inverse_N1.tensor();
            gainGradient_1H.tensor().add_(Fp32.columnSums(x_NH.mul(inverse).mul_(gradient)));
            inputGradient_NH
                    .tensor()
                    .add_(inputGradient(gradient.mul(gain_1H.tensor()), x_NH, inverse));
        }
    }

    /// `g · inverse - x · inverse³ · mean(g · x)`, along the last dimension.
    static Tensor inputGradient(Tensor gradient, Tensor x, Tensor inverse) {
        Tensor back = Fp32.mean(gradient.mul(x)).mul_(inverse).mul_(inverse).mul_(inverse);
        return gradient.mul(inverse).sub_(x.mul(back));
    }
}
