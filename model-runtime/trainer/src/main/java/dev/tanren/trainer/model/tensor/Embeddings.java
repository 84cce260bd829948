package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.Matrix;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The backward sums a whole table of gradients first, in an order that does not change.
///
/// Legend: N places, V rows of the table, H hidden.
final class Embeddings {

    private Embeddings() {}

    static void forward(ComputeDevice device, int[] rows, Matrix table_VH, Matrix hidden_NH) {
        try (PointerScope _ = new PointerScope()) {
            Tensor index_N = Indices.onDevice(device, rows);
            hidden_NH.tensor().copy_(table_VH.tensor().index_select(0, index_N));
        }
    }

    static void add(ComputeDevice device, int[] rows, Matrix table_VH, Matrix hidden_NH) {
        try (PointerScope _ = new PointerScope()) {
            Tensor index_N = Indices.onDevice(device, rows);
            hidden_NH.tensor().add_(table_VH.tensor().index_select(0, index_N));
        }
    }

    static void backward(
            ComputeDevice device, int[] rows, Matrix gradient_NH, Matrix tableGradient_VH) {
        try (PointerScope _ = new PointerScope()) {
            Tensor index_N = Indices.onDevice(device, rows);
            Tensor sums_VH =
                    torch.embedding_dense_backward(
                            Fp32.of(gradient_NH.tensor()),
                            index_N,
                            tableGradient_VH.rows(),
                            -1,
                            false);
            tableGradient_VH.tensor().add_(sums_VH);
        }
    }
}
