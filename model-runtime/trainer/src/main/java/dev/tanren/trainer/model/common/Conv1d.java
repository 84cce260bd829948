package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// `y = x · W + b`, with the weight as GPT-2's `Conv1D` stores it: inputs by outputs, the other way
/// round than [Linear].
///
/// Legend: N places, I inputs, O outputs.
public final class Conv1d implements Projection {

    private final Parameter weight_IO;
    private final Parameter bias_1O;

    public Conv1d(Parameter weight_IO, Parameter bias_1O) {
        this.weight_IO = weight_IO;
        this.bias_1O = bias_1O;
    }

    @Override
    public int outputs() {
        return weight_IO.columns();
    }

    @Override
    public void forward(Matrix inputs_NI, Matrix outputs_NO) {
        Bias.fill(bias_1O.weight(), outputs_NO);
        Products.add(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO.weight().tensor());
    }

    @Override
    public void forwardOnto(Matrix residual_NO, Matrix inputs_NI, Matrix outputs_NO) {
        Bias.copyWith(residual_NO, bias_1O, outputs_NO);
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
        Bias.addGradient(gradient_NO, bias_1O.gradient());
    }
}
