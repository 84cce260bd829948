package dev.tanren.trainer.model.tensor;

import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Steps that operators share; all compute in fp32, whatever the memory has.
final class Fp32 {

    private Fp32() {}

    /// The matrix itself where it is fp32, else a copy.
    static Tensor of(Tensor values) {
        return values.to(ScalarType.Float);
    }

    /// The mean along the last dimension, which stays with the size 1.
    static Tensor mean(Tensor values) {
        return values.mean(new long[] {-1}, true, new ScalarTypeOptional());
    }

    /// The sum over all rows, as one row.
    static Tensor columnSums(Tensor rows) {
        return rows.sum(new long[] {0}, true, new ScalarTypeOptional());
    }

    /// The sum along the last dimension, which stays with the size 1.
    static Tensor sum(Tensor values) {
        return values.sum(new long[] {-1}, true, new ScalarTypeOptional());
    }
}
