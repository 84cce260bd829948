package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadGradients;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Copies each gradient to its heads' columns, and turns them back there.
///
/// Legend: B sequences, T length, K key-value heads, G queries per key-value head, D head size, N
/// places, W all heads side by side.
final class TensorHeadGradients implements HeadGradients {

    private final HeadShape shape;
    private final @Nullable TensorRotaryEmbedding rotary;

    /// @param rotary null where heads were not rotated
    TensorHeadGradients(HeadShape shape, @Nullable TensorRotaryEmbedding rotary) {
        this.shape = shape;
        this.rotary = rotary;
    }

    @Override
    public void gather(
            List<Tensor> gradients_BTKD, AttentionSpan span, int[] positions, Matrix target_NW) {
        try (PointerScope _ = new PointerScope()) {
            int group = shape.group();
            Tensor rows_NW = target_NW.tensor().narrow(0, span.from(), span.places());
            Tensor queries_NKGD =
                    rows_NW.narrow(1, 0, shape.keys())
                            .unflatten(
                                    1, new long[] {shape.keyValueHeads(), group, shape.headSize()});
            for (int g = 0; g < group; g++) {
                queries_NKGD.select(2, g).copy_(byPlace(gradients_BTKD.get(g), span));
            }
            copy(gradients_BTKD.get(group), span, rows_NW, shape.keys());
            copy(gradients_BTKD.get(group + 1), span, rows_NW, shape.values());
            if (rotary != null) {
                rotary.turn(rows_NW, span.from(), shape.rotated(), positions, true);
            }
        }
    }

    private void copy(Tensor gradient_BTKD, AttentionSpan span, Tensor rows_NW, int column) {
        rows_NW.narrow(1, column, shape.keysWidth())
                .copy_(gradient_BTKD.view(span.places(), shape.keysWidth()));
    }

    private Tensor byPlace(Tensor gradient_BTKD, AttentionSpan span) {
        return gradient_BTKD.view(span.places(), shape.keyValueHeads(), shape.headSize());
    }
}
