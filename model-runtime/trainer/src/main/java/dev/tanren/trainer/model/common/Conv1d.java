package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// `y = x · W + b`, with the weight as GPT-2's `Conv1D` stores it: inputs by outputs, the other way
/// round than [Linear].
///
/// Legend: N places, I inputs, O outputs.
public final class Conv1d implements Projection {

    private final Parameter weight_IO;
    private final Bias bias;

    public Conv1d(Parameter weight_IO, Bias bias) {
        this.weight_IO = weight_IO;
        this.bias = bias;
    }

    @Override
    public int outputs() {
        return weight_IO.columns();
    }

    @Override
    public void forward(Matrix inputs_NI, Matrix outputs_NO) {
        bias.fill(outputs_NO);
        Products.add(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO.weight().tensor());
    }

    @Override
    public void forwardOnto(Matrix residual_NO, Matrix inputs_NI, Matrix outputs_NO) {
        bias.copyWith(residual_NO, outputs_NO);
        Products.add(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO.weight().tensor());
    }

    @Override
    public void inputGradient(Matrix gradient_NO, Matrix inputGradient_NI) {
        try (Tensor weight_OI = weight_IO.weight().tensor().t()) {
            torch.mm_out(inputGradient_NI.tensor(), gradient_NO.tensor(), weight_OI).close();
        }
    }

    @Override
    public void parameterGradient(Matrix gradient_NO, Matrix inputs_NI) {
        try (Tensor inputs_IN = inputs_NI.tensor().t()) {
            weight_IO.addToGradient(inputs_IN, gradient_NO.tensor());
        }
        bias.addGradient(gradient_NO);
    }
}
