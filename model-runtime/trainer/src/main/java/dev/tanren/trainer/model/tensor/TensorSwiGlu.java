package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The gated unit `silu(gate) · up` (Shazeer 2020).
///
/// Legend: N places, I intermediate. Gates and ups lie side by side: `gateUp_N2I`.
final class TensorSwiGlu implements Activation {

    private final int intermediate;

    TensorSwiGlu(int intermediate) {
        this.intermediate = intermediate;
    }

    @Override
    public int outputs(int inputs) {
        return inputs / 2;
    }

    @Override
    public void forward(Matrix gateUp_N2I, Matrix product_NI) {
        try (PointerScope _ = new PointerScope()) {
            Tensor gate_NI = Fp32.of(part(gateUp_N2I, 0));
            Tensor up_NI = Fp32.of(part(gateUp_N2I, intermediate));
            product_NI.tensor().copy_(torch.silu(gate_NI).mul_(up_NI));
        }
    }

    @Override
    public void backward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I) {
        try (PointerScope _ = new PointerScope()) {
            Tensor gateMemory_NI = part(gateUpThenGradient_N2I, 0);
            Tensor upMemory_NI = part(gateUpThenGradient_N2I, intermediate);
            Tensor gradient_NI = Fp32.of(gradientThenProduct_NI.tensor());
            Tensor gate_NI = Fp32.of(gateMemory_NI);
            Tensor up_NI = Fp32.of(upMemory_NI);
            Tensor silu_NI = torch.silu(gate_NI);
            Tensor gateGradient_NI = torch.silu_backward(gradient_NI.mul(up_NI), gate_NI);
            Tensor upGradient_NI = gradient_NI.mul(silu_NI);
            gradientThenProduct_NI.tensor().copy_(silu_NI.mul_(up_NI));
            gateMemory_NI.copy_(gateGradient_NI);
            upMemory_NI.copy_(upGradient_NI);
        }
    }

    private Tensor part(Matrix gateUp_N2I, int column) {
        return gateUp_N2I.tensor().narrow(1, column, intermediate);
    }
}
