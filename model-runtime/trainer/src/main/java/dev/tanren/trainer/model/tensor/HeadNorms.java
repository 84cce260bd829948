package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// Root-mean-square normalisation of each query and key head.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number, D head size.
final class HeadNorms {

    private HeadNorms() {}

    static void forward(
            Matrix heads_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            double epsilon,
            Matrix raw_NR,
            Matrix inverse_NA) {
        int width = raw_NR.columns();
        try (PointerScope _ = new PointerScope()) {
            Tensor part_NR = heads_NW.tensor().narrow(1, 0, width);
            raw_NR.tensor().copy_(part_NR);
            Tensor raw_NAD = byHead(shape, Fp32.of(raw_NR.tensor()));
            Tensor inverse_NA1 = RmsNorms.inverse(raw_NAD, epsilon);
            inverse_NA.tensor().copy_(inverse_NA1.squeeze(-1));
            Tensor normed_NAD = raw_NAD.mul(inverse_NA1);
            ofQueries(shape, normed_NAD).mul_(queryGain_1D.tensor());
            ofKeys(shape, normed_NAD).mul_(keyGain_1D.tensor());
            part_NR.copy_(normed_NAD.view(raw_NR.rows(), width));
        }
    }

    static void backward(
            Matrix gradient_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            Matrix raw_NR,
            Matrix inverse_NA,
            Matrix queryGainGradient_1D,
            Matrix keyGainGradient_1D) {
        int width = raw_NR.columns();
        try (PointerScope _ = new PointerScope()) {
            Tensor part_NR = gradient_NW.tensor().narrow(1, 0, width);
            Tensor gradient_NAD = byHead(shape, Fp32.of(part_NR).contiguous()).clone();
            Tensor raw_NAD = byHead(shape, Fp32.of(raw_NR.tensor()));
            Tensor inverse_NA1 = inverse_NA.tensor().unsqueeze(-1);
            Tensor products_NAD = raw_NAD.mul(inverse_NA1).mul_(gradient_NAD);
            addGain(queryGainGradient_1D, ofQueries(shape, products_NAD));
            addGain(keyGainGradient_1D, ofKeys(shape, products_NAD));
            ofQueries(shape, gradient_NAD).mul_(queryGain_1D.tensor());
            ofKeys(shape, gradient_NAD).mul_(keyGain_1D.tensor());
            Tensor back_NAD = RmsNorms.inputGradient(gradient_NAD, raw_NAD, inverse_NA1);
            part_NR.copy_(back_NAD.view(raw_NR.rows(), width));
        }
    }

    private static void addGain(Matrix gainGradient_1D, Tensor products_NAD) {
        gainGradient_1D
                .tensor()
                .add_(Fp32.columnSums(products_NAD.reshape(-1, gainGradient_1D.columns())));
    }

    private static Tensor byHead(HeadShape shape, Tensor values_NR) {
        return values_NR.view(-1, shape.rotated(), shape.headSize());
    }

    private static Tensor ofQueries(HeadShape shape, Tensor values_NAD) {
        return values_NAD.narrow(1, 0, shape.queries());
    }

    private static Tensor ofKeys(HeadShape shape, Tensor values_NAD) {
        return values_NAD.narrow(1, shape.queries(), shape.keyValueHeads());
    }
}
