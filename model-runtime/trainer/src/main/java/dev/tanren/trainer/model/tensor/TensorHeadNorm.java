package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.HeadNorm;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// Root-mean-square normalisation of each query and key head.
///
/// Legend: N places, W all heads side by side (queries, keys, values), R queries and keys, A their
/// number, D head size.
final class TensorHeadNorm implements HeadNorm {

    private final int queries;
    private final int keys;
    private final int headSize;
    private final Parameter queryGain_1D;
    private final Parameter keyGain_1D;
    private final double epsilon;

    TensorHeadNorm(
            int queries, int keys, Parameter queryGain_1D, Parameter keyGain_1D, double epsilon) {
        this.queries = queries;
        this.keys = keys;
        this.headSize = queryGain_1D.columns();
        this.queryGain_1D = queryGain_1D;
        this.keyGain_1D = keyGain_1D;
        this.epsilon = epsilon;
    }

    @Override
    public int width() {
        return heads() * headSize;
    }

    @Override
    public int heads() {
        return queries + keys;
    }

    @Override
    public void forward(Matrix heads_NW, Matrix raw_NR, Matrix inverse_NA) {
        try (PointerScope _ = new PointerScope()) {
            Tensor part_NR = heads_NW.tensor().narrow(1, 0, width());
            raw_NR.tensor().copy_(part_NR);
            Tensor raw_NAD = byHead(Fp32.of(raw_NR.tensor()));
            Tensor inverse_NA1 = TensorRmsNorm.inverse(raw_NAD, epsilon);
            inverse_NA.tensor().copy_(inverse_NA1.squeeze(-1));
            Tensor normed_NAD = raw_NAD.mul(inverse_NA1);
            ofQueries(normed_NAD).mul_(queryGain_1D.weight().tensor());
            ofKeys(normed_NAD).mul_(keyGain_1D.weight().tensor());
            part_NR.copy_(normed_NAD.view(raw_NR.rows(), width()));
        }
    }

    @Override
    public void backward(Matrix gradient_NW, Matrix raw_NR, Matrix inverse_NA) {
        try (PointerScope _ = new PointerScope()) {
            Tensor part_NR = gradient_NW.tensor().narrow(1, 0, width());
            Tensor gradient_NAD = byHead(Fp32.of(part_NR).contiguous()).clone();
            Tensor raw_NAD = byHead(Fp32.of(raw_NR.tensor()));
            Tensor inverse_NA1 = inverse_NA.tensor().unsqueeze(-1);
            Tensor products_NAD = raw_NAD.mul(inverse_NA1).mul_(gradient_NAD);
            addGain(queryGain_1D, ofQueries(products_NAD));
            addGain(keyGain_1D, ofKeys(products_NAD));
            ofQueries(gradient_NAD).mul_(queryGain_1D.weight().tensor());
            ofKeys(gradient_NAD).mul_(keyGain_1D.weight().tensor());
            Tensor back_NAD = TensorRmsNorm.inputGradient(gradient_NAD, raw_NAD, inverse_NA1);
            part_NR.copy_(back_NAD.view(raw_NR.rows(), width()));
        }
    }

    private void addGain(Parameter gain_1D, Tensor products_NAD) {
        gain_1D.gradient().tensor().add_(Fp32.columnSums(products_NAD.reshape(-1, headSize)));
    }

    private Tensor byHead(Tensor values_NR) {
        return values_NR.view(-1, heads(), headSize);
    }

    private Tensor ofQueries(Tensor values_NAD) {
        return values_NAD.narrow(1, 0, queries);
    }

    private Tensor ofKeys(Tensor values_NAD) {
        return values_NAD.narrow(1, queries, keys);
    }
}
