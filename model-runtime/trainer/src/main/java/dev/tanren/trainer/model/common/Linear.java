package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// `y = x · Wᵀ` and its gradients, as matrix products into memory that is there already.
///
/// Legend: N places, I inputs, O outputs.
public final class Linear {

    private final Parameter weight_OI;

    public Linear(Parameter weight_OI) {
        this.weight_OI = weight_OI;
    }

    /// The width of its outputs.
    public int outputs() {
        return weight_OI.rows();
    }

    public void forward(Matrix inputs_NI, Matrix outputs_NO) {
        try (Tensor transposed_IO = weight_OI.weight().tensor().t()) {
            torch.mm_out(outputs_NO.tensor(), inputs_NI.tensor(), transposed_IO).close();
        }
    }

    /// `outputs = residual + inputs · weightᵀ`.
    public void forwardOnto(Matrix residual_NO, Matrix inputs_NI, Matrix outputs_NO) {
        outputs_NO.segment().copyFrom(residual_NO.segment());
        try (Tensor transposed_IO = weight_OI.weight().tensor().t();
                Scalar one = new Scalar(1.0)) {
            Tensor outputs = outputs_NO.tensor();
            torch.addmm_out(outputs, outputs, inputs_NI.tensor(), transposed_IO, one, one).close();
        }
    }

    public void inputGradient(Matrix gradient_NO, Matrix inputGradient_NI) {
        Tensor weight = weight_OI.weight().tensor();
        torch.mm_out(inputGradient_NI.tensor(), gradient_NO.tensor(), weight).close();
    }

    /// Adds to the gradients of its parameters.
    public void parameterGradient(Matrix gradient_NO, Matrix inputs_NI) {
        try (Tensor transposed_ON = gradient_NO.tensor().t();
                Scalar one = new Scalar(1.0)) {
            Tensor sum = weight_OI.gradient().tensor();
            torch.addmm_out(sum, sum, transposed_ON, inputs_NI.tensor(), one, one).close();
        }
    }
}
