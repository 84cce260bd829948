package dev.tanren.trainer.model.common;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Matrix products that add to what is there.
public final class Products {

    private Products() {}

    /// `sum += left · right`.
    public static void add(Tensor sum, Tensor left, Tensor right) {
        try (Scalar one = new Scalar(1.0)) {
            torch.addmm_out(sum, sum, left, right, one, one).close();
        }
    }
}
