package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The gated unit `silu(gate) · up` (Shazeer 2020).
///
/// Legend: N places, I intermediate. Gates and ups lie side by side: `gateUp_N2I`.
final class SwiGlu {

    private SwiGlu() {}

    static void forward(Matrix gateUp_N2I, Matrix product_NI) {
        try (PointerScope _ = new PointerScope()) {
            Tensor gate_NI = Fp32.of(part(gateUp_N2I, 0));
            Tensor up_NI = Fp32.of(part(gateUp_N2I, gateUp_N2I.columns() / 2));
            product_NI.tensor().copy_(torch.silu(gate_NI).mul_(up_NI));
        }
    }

    static void backward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I) {
        try (PointerScope _ = new PointerScope()) {
            Tensor gateMemory_NI = part(gateUpThenGradient_N2I, 0);
            Tensor upMemory_NI = part(gateUpThenGradient_N2I, gateUpThenGradient_N2I.columns() / 2);
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

    private static Tensor part(Matrix gateUp_N2I, int column) {
        return gateUp_N2I.tensor().narrow(1, column, gateUp_N2I.columns() / 2);
    }
}
