package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import org.bytedeco.javacpp.PointerScope;

/// Legend: N places, O outputs.
final class TensorBias implements Bias {

    private final Parameter bias_1O;

    TensorBias(Parameter bias_1O) {
        this.bias_1O = bias_1O;
    }

    @Override
    public void fill(Matrix outputs_NO) {
        try (PointerScope _ = new PointerScope()) {
            outputs_NO.tensor().copy_(bias_1O.weight().tensor());
        }
    }

    @Override
    public void copyWith(Matrix inputs_NO, Matrix outputs_NO) {
        try (PointerScope _ = new PointerScope()) {
            outputs_NO.tensor().copy_(Fp32.of(inputs_NO.tensor()).add(bias_1O.weight().tensor()));
        }
    }

    @Override
    public void addGradient(Matrix gradient_NO) {
        try (PointerScope _ = new PointerScope()) {
            bias_1O.gradient().tensor().add_(Fp32.columnSums(Fp32.of(gradient_NO.tensor())));
        }
    }
}
