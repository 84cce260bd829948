package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadGradients;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeAddress;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Gathers and turns back in one pass. Attention in host memory makes its gradients in fp32.
final class HostHeadGradients implements HeadGradients {

    private static final int BLOCK = 64;

    private final HeadShape shape;
    private final @Nullable HostRotaryEmbedding rotary;

    /// @param rotary null where heads were not rotated
    HostHeadGradients(HeadShape shape, @Nullable HostRotaryEmbedding rotary) {
        this.shape = shape;
        this.rotary = rotary;
    }

    @Override
    public void gather(
            List<Tensor> gradients, AttentionSpan span, int[] positions, Matrix target_NW) {
        int width = shape.keysWidth();
        List<Matrix> sources =
                gradients.stream()
                        .map(
                                gradient ->
                                        new Matrix(
                                                gradient,
                                                NativeAddress.segment(gradient),
                                                Format.FLOAT32,
                                                span.places(),
                                                width))
                        .toList();
        ComputeThreads.loop(
                span.places(),
                BLOCK,
                (from, to) -> {
                    float[] row = new float[target_NW.columns()];
                    for (long n = from; n < to; n++) {
                        gatherRow(sources, n, row);
                        int place = span.from() + (int) n;
                        if (rotary != null) {
                            rotary.rotateBack(row, shape.rotated(), positions[place]);
                        }
                        Rows.write(row, target_NW, place);
                    }
                });
    }

    private void gatherRow(List<Matrix> sources, long n, float[] row) {
        int width = shape.keysWidth();
        int headSize = shape.headSize();
        for (int g = 0; g < shape.group(); g++) {
            Matrix queries = sources.get(g);
            for (int k = 0; k < shape.keyValueHeads(); k++) {
                int place = (k * shape.group() + g) * headSize;
                Rows.read(queries, n, (long) k * headSize, row, place, headSize);
            }
        }
        Rows.read(sources.get(shape.group()), n, 0, row, shape.keys(), width);
        Rows.read(sources.get(shape.group() + 1), n, 0, row, shape.values(), width);
    }
}
