package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The Gaussian error linear unit by its approximation with a hyperbolic tangent (Hendrycks and
/// Gimpel 2016), transformers' `gelu_new`.
///
/// Legend: N places, I intermediate.
final class GeluTanh {

    private static final String APPROXIMATION = "tanh";

    private GeluTanh() {}

    static void forward(Matrix inputs_NI, Matrix outputs_NI) {
        try (PointerScope _ = new PointerScope()) {
            outputs_NI.tensor().copy_(torch.gelu(Fp32.of(inputs_NI.tensor()), APPROXIMATION));
        }
    }

    static void backward(Matrix gradientThenOutputs_NI, Matrix inputsThenGradient_NI) {
        try (PointerScope _ = new PointerScope()) {
            Tensor inputs_NI = Fp32.of(inputsThenGradient_NI.tensor());
            Tensor gradient_NI = Fp32.of(gradientThenOutputs_NI.tensor());
            Tensor inputGradient_NI = torch.gelu_backward(gradient_NI, inputs_NI, APPROXIMATION);
            gradientThenOutputs_NI.tensor().copy_(torch.gelu(inputs_NI, APPROXIMATION));
            inputsThenGradient_NI.tensor().copy_(inputGradient_NI);
        }
    }
}
