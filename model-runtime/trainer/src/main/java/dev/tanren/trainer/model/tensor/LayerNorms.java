package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// Layer normalisation with gain and bias (Ba et al. 2016).
///
/// Legend: N places, H hidden.
final class LayerNorms {

    private LayerNorms() {}

    static void forward(
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix bias_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix statistics_N2) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x_NH = Fp32.of(inputs_NH.tensor());
            Tensor mean_N1 = Fp32.mean(x_NH);
            Tensor centred_NH = x_NH.sub(mean_N1);
            Tensor inverse_N1 = Fp32.mean(centred_NH.square()).add_(new Scalar(epsilon)).rsqrt_();
            statistics_N2.tensor().narrow(1, 0, 1).copy_(mean_N1);
            statistics_N2.tensor().narrow(1, 1, 1).copy_(inverse_N1);
            outputs_NH
                    .tensor()
                    .copy_(
                            centred_NH
                                    .mul_(inverse_N1)
                                    .mul_(gain_1H.tensor())
                                    .add_(bias_1H.tensor()));
        }
    }

    /// With `g = gradient · gain`: `inverse · (g - mean(g) - normed · mean(g · normed))`.
    static void backward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix statistics_N2,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H,
            Matrix biasGradient_1H) {
        try (PointerScope _ = new PointerScope()) {
            Tensor mean_N1 = statistics_N2.tensor().narrow(1, 0, 1);
            Tensor inverse_N1 = statistics_N2.tensor().narrow(1, 1, 1);
            Tensor normed_NH = Fp32.of(inputs_NH.tensor()).sub(mean_N1).mul_(inverse_N1);
            Tensor gradient = Fp32.of(gradient_NH.tensor());
            gainGradient_1H.tensor().add_(Fp32.columnSums(gradient.mul(normed_NH)));
            biasGradient_1H.tensor().add_(Fp32.columnSums(gradient));
            Tensor g_NH = gradient.mul(gain_1H.tensor());
            Tensor slope_N1 = Fp32.mean(g_NH.mul(normed_NH));
            Tensor rest_NH = g_NH.sub(Fp32.mean(g_NH)).sub_(normed_NH.mul(slope_N1));
            inputGradient_NH.tensor().add_(rest_NH.mul_(inverse_N1));
        }
    }
}
