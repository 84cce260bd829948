package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;

/// Legend: N places, O outputs.
final class Biases {

    private Biases() {}

    static void fill(Matrix bias_1O, Matrix outputs_NO) {
        try (PointerScope _ = new PointerScope()) {
            outputs_NO.tensor().copy_(bias_1O.tensor());
        }
    }

    static void add(Matrix inputs_NO, Matrix bias_1O, Matrix outputs_NO) {
        try (PointerScope _ = new PointerScope()) {
            outputs_NO.tensor().copy_(Fp32.of(inputs_NO.tensor()).add(bias_1O.tensor()));
        }
    }

    static void backward(Matrix gradient_NO, Matrix biasGradient_1O) {
        try (PointerScope _ = new PointerScope()) {
            biasGradient_1O.tensor().add_(Fp32.columnSums(Fp32.of(gradient_NO.tensor())));
        }
    }
}
