package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Parameter;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// Root-mean-square normalisation (Zhang and Sennrich 2019).
///
/// Legend: N places, H hidden.
final class TensorRmsNorm implements Norm {

    private final Parameter gain_1H;
    private final double epsilon;

    TensorRmsNorm(Parameter gain_1H, double epsilon) {
        this.gain_1H = gain_1H;
        this.epsilon = epsilon;
    }

    @Override
    public int statistics() {
        return 1;
    }

    @Override
    public void forward(Matrix inputs_NH, Matrix outputs_NH, Matrix inverse_N1) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x_NH = Fp32.of(inputs_NH.tensor());
            inverse_N1.tensor().copy_(inverse(x_NH, epsilon));
            outputs_NH
                    .tensor()
                    .copy_(x_NH.mul(inverse_N1.tensor()).mul_(gain_1H.weight().tensor()));
        }
    }

    /// One over the root mean square along the last dimension.
    static Tensor inverse(Tensor values, double epsilon) {
        return Fp32.mean(values.square()).add_(new Scalar(epsilon)).rsqrt_();
    }

    @Override
    public void backward(
            Matrix gradient_NH, Matrix inputs_NH, Matrix inverse_N1, Matrix inputGradient_NH) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x_NH = Fp32.of(inputs_NH.tensor());
            Tensor gradient = Fp32.of(gradient_NH.tensor());
            Tensor inverse = inverse_N1.tensor();
            gain_1H.gradient().tensor().add_(Fp32.columnSums(x_NH.mul(inverse).mul_(gradient)));
            inputGradient_NH
                    .tensor()
                    .add_(inputGradient(gradient.mul(gain_1H.weight().tensor()), x_NH, inverse));
        }
    }

    /// `g · inverse - x · inverse³ · mean(g · x)`, along the last dimension.
    static Tensor inputGradient(Tensor gradient, Tensor x, Tensor inverse) {
        Tensor back = Fp32.mean(gradient.mul(x)).mul_(inverse).mul_(inverse).mul_(inverse);
        return gradient.mul(inverse).sub_(x.mul(back));
    }
}
