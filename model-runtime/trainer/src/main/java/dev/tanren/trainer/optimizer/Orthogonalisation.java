package dev.tanren.trainer.optimizer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Brings the singular values of a matrix near 1 (between about 0.7 and 1.2) and leaves its
/// singular vectors: five Newton-Schulz steps with the quintic polynomial of Jordan (2024).
final class Orthogonalisation {

    private static final int STEPS = 5;
    private static final double A = 3.4445;
    private static final double B = -4.7750;
    private static final double C = 2.0315;
    private static final double EPSILON = 1e-7;

    private Orthogonalisation() {}

    /// A new matrix of the same shape. Tensors belong to the open `PointerScope`.
    ///
    /// Legend: M the shorter side, N the longer one.
    static Tensor of(Tensor matrix) {
        boolean tall = matrix.size(0) > matrix.size(1);
        double norm = Math.max(torch.norm(matrix).item_double(), EPSILON);
        Tensor x_MN = (tall ? matrix.t() : matrix).div(new Scalar(norm));
        for (int step = 0; step < STEPS; step++) {
            Tensor gram_MM = torch.mm(x_MN, x_MN.t());
            Tensor polynomial_MM =
                    torch.mm(gram_MM, gram_MM).mul_(new Scalar(C)).add_(gram_MM, new Scalar(B));
            x_MN = torch.mm(polynomial_MM, x_MN).add_(x_MN, new Scalar(A));
        }
        return tall ? x_MN.t() : x_MN;
    }
}
