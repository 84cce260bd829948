package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// `y = x · Wᵀ + b`, with the weight as PyTorch's `nn.Linear` stores it.
///
/// Legend: N places, I inputs, O outputs.
public final class Linear implements Projection {

    private final Parameter weight_OI;
    private final @Nullable Bias bias;

    /// Without a bias.
    public Linear(Parameter weight_OI) {
        this(weight_OI, null);
    }

    public Linear(Parameter weight_OI, @Nullable Bias bias) {
        this.weight_OI = weight_OI;
        this.bias = bias;
    }

    @Override
    public int outputs() {
        return weight_OI.rows();
    }

    @Override
    public void forward(Matrix inputs_NI, Matrix outputs_NO) {
        try (Tensor weight_IO = weight_OI.weight().tensor().t()) {
            if (bias == null) {
                torch.mm_out(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO).close();
            } else {
                bias.fill(outputs_NO);
                Products.add(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO);
            }
        }
    }

    @Override
    public void forwardOnto(Matrix residual_NO, Matrix inputs_NI, Matrix outputs_NO) {
        if (bias == null) {
            outputs_NO.copyFrom(residual_NO);
        } else {
            bias.copyWith(residual_NO, outputs_NO);
        }
        try (Tensor weight_IO = weight_OI.weight().tensor().t()) {
            Products.add(outputs_NO.tensor(), inputs_NI.tensor(), weight_IO);
        }
    }

    @Override
    public void inputGradient(Matrix gradient_NO, Matrix inputGradient_NI) {
        Tensor weight = weight_OI.weight().tensor();
        torch.mm_out(inputGradient_NI.tensor(), gradient_NO.tensor(), weight).close();
    }

    @Override
    public void parameterGradient(Matrix gradient_NO, Matrix inputs_NI) {
        try (Tensor gradient_ON = gradient_NO.tensor().t()) {
            weight_OI.addToGradient(gradient_ON, inputs_NI.tensor());
        }
        if (bias != null) {
            bias.addGradient(gradient_NO);
        }
    }
}
