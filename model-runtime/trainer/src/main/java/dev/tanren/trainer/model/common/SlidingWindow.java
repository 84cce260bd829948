package dev.tanren.trainer.model.common;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Causal attention in which each place sees itself and the `window - 1` places before it (Beltagy
/// et al. 2020, Jiang et al. 2023).
///
/// libtorch's fused kernel knows no window, so queries are taken in blocks, each with the keys that
/// some place of it sees and an additive mask of their type. One mask serves all
/// blocks, because it depends on distances alone: work and memory grow with the length times the
/// window, not with its square.
///
/// Legend: B sequences, K heads, T length, S queries of a block, U keys that they see, D head size.
final class SlidingWindow {

    private static final int SMALLEST_BLOCK = 64;
    private static final int LARGEST_BLOCK = 256;

    private final int window;
    private final int block;
    private @Nullable Tensor mask;

    SlidingWindow(int window) {
        this.window = window;
        block = Math.clamp(window, SMALLEST_BLOCK, LARGEST_BLOCK);
    }

    private int columns() {
        return window - 1 + block;
    }

    /// Whether the window hides anything in a sequence of this length.
    boolean hides(int length) {
        return length > window;
    }

    Tensor attend(Tensor queries_BKTD, Tensor keys_BKTD, Tensor values_BKTD) {
        long length = queries_BKTD.size(2);
        List<Tensor> outputs = new ArrayList<>();
        for (long from = 0; from < length; from += block) {
            long count = Math.min(block, length - from);
            long before = Math.min(from, window - 1L);
            outputs.add(
                    torch.scaled_dot_product_attention(
                            queries_BKTD.narrow(2, from, count),
                            keys_BKTD.narrow(2, from - before, before + count),
                            values_BKTD.narrow(2, from - before, before + count),
                            new TensorOptional(mask(queries_BKTD, before, count)),
                            0.0,
                            false,
                            new DoubleOptional(),
                            false));
        }
        return torch.cat(new TensorVector(outputs.toArray(Tensor[]::new)), 2);
    }

    /// The mask of a block of `count` queries that sees `before` keys before its first query.
    private Tensor mask(Tensor queries, long before, long count) {
        long skipped = window - 1L - before;
        return mask(queries).narrow(0, 0, count).narrow(1, skipped, before + count);
    }

    /// For a whole block and all keys that it may see; made when it is needed first, where the
    /// queries are.
    private Tensor mask(Tensor queries) {
        Tensor made = mask;
        if (made == null) {
            made =
                    Tensor.create(distances(), block, columns())
                            .to(queries.device(), queries.scalar_type());
            made.retainReference();
            mask = made;
        }
        return made;
    }

    private float[] distances() {
        int columns = columns();
        float[] values = new float[block * columns];
        for (int row = 0; row < block; row++) {
            for (int column = 0; column < columns; column++) {
                int distance = row + window - 1 - column;
                boolean seen = distance >= 0 && distance < window;
                values[row * columns + column] = seen ? 0f : Float.NEGATIVE_INFINITY;
            }
        }
        return values;
    }
}
