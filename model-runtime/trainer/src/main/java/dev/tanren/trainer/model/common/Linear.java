package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// `y = x · Wᵀ` and its gradients, as matrix products into memory that is there already.
///
/// Legend: N places, I inputs, O outputs.
public final class Linear {

    private Linear() {}

    public static void forward(Matrix inputs_NI, Matrix weight_OI, Matrix outputs_NO) {
        try (Tensor transposed_IO = weight_OI.tensor().t()) {
            torch.mm_out(outputs_NO.tensor(), inputs_NI.tensor(), transposed_IO).close();
        }
    }

    /// `outputs = residual + inputs · weightᵀ`.
    public static void forwardOnto(
            Matrix residual_NO, Matrix inputs_NI, Matrix weight_OI, Matrix outputs_NO) {
        outputs_NO.segment().copyFrom(residual_NO.segment());
        try (Tensor transposed_IO = weight_OI.tensor().t();
                Scalar one = new Scalar(1.0)) {
            Tensor outputs = outputs_NO.tensor();
            torch.addmm_out(outputs, outputs, inputs_NI.tensor(), transposed_IO, one, one).close();
        }
    }

    public static void inputGradient(
            Matrix gradient_NO, Matrix weight_OI, Matrix inputGradient_NI) {
        torch.mm_out(inputGradient_NI.tensor(), gradient_NO.tensor(), weight_OI.tensor()).close();
    }

    /// Adds to the weight's gradient.
    public static void weightGradient(
            Matrix gradient_NO, Matrix inputs_NI, Matrix weightGradient_OI) {
        try (Tensor transposed_ON = gradient_NO.tensor().t();
                Scalar one = new Scalar(1.0)) {
            Tensor sum = weightGradient_OI.tensor();
            torch.addmm_out(sum, sum, transposed_ON, inputs_NI.tensor(), one, one).close();
        }
    }
}
