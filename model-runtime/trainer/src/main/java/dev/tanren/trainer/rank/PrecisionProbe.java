package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Measures in about a second how fast matrix products are in bf16 and in fp32, in this process
/// with its threads.
///
/// It takes the three products of a linear layer, because where a processor has no units for bf16
/// they differ by more than ten times: outputs, gradient of the inputs, gradient of the weight.
final class PrecisionProbe {

    private static final int SIZE = 384;

    private static final double FLOPS = 3 * 2.0 * SIZE * SIZE * SIZE;

    /// For each of the two, beside a first product that is not counted.
    private static final double SECONDS = 0.4;

    private PrecisionProbe() {}

    static Report.ProductsMeasured measure(int rank) {
        return new Report.ProductsMeasured(
                rank, gflops(torch.ScalarType.Float), gflops(torch.ScalarType.BFloat16));
    }

    /// Of the fastest try, which other processes disturbed least.
    private static double gflops(torch.ScalarType type) {
        try (PointerScope _ = new PointerScope();
                AutoGradMode _ = new AutoGradMode(false)) {
            Tensor left = torch.ones(SIZE, SIZE).to(type);
            Tensor right = torch.ones(SIZE, SIZE).to(type);
            Tensor product = torch.ones(SIZE, SIZE).to(type);
            multiply(left, right, product);
            long end = System.nanoTime() + (long) (SECONDS * 1e9);
            long fastest = Long.MAX_VALUE;
            do {
                long begin = System.nanoTime();
                multiply(left, right, product);
                fastest = Math.min(fastest, System.nanoTime() - begin);
            } while (System.nanoTime() < end);
            return FLOPS / fastest;
        }
    }

    private static void multiply(Tensor left, Tensor right, Tensor product) {
        torch.mm_out(product, left, right.t());
        torch.mm_out(product, left, right);
        torch.mm_out(product, left.t(), right);
    }
}
