package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.Format;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Adds bf16 products to fp32 gradients. libtorch's products on CPUs have the format of their
/// factors, so they are made in memory of their own, a few rows at a time, and added from there.
///
/// Legend: R rows and C columns of the gradient, N places.
final class GradientScratch {

    /// Numbers that are made at once: 2 MiB.
    private static final int ELEMENTS = 1 << 20;

    private static final int BLOCK = 16;

    private @Nullable MemorySegment memory;

    /// The product is rounded to bf16.
    void add(Matrix gradient_RC, Tensor left_RN, Tensor right_NC) {
        int columns = gradient_RC.columns();
        int most = Math.max(1, ELEMENTS / columns);
        for (int from = 0; from < gradient_RC.rows(); from += most) {
            int count = Math.min(most, gradient_RC.rows() - from);
            try (PointerScope _ = new PointerScope()) {
                Matrix part = Matrix.over(memory(columns), Format.BFLOAT16, count, columns);
                torch.mm_out(part.tensor(), left_RN.narrow(0, from, count), right_NC);
                add(part, gradient_RC, from);
            }
        }
    }

    private MemorySegment memory(int columns) {
        MemorySegment made = memory;
        long bytes = (long) Math.max(ELEMENTS, columns) * Format.BFLOAT16.bytes();
        if (made == null || made.byteSize() < bytes) {
            made = Arena.ofAuto().allocate(bytes, 64);
            memory = made;
        }
        return made;
    }

    private static void add(Matrix part, Matrix gradient, int first) {
        int count = part.columns();
        ComputeThreads.loop(
                part.rows(),
                BLOCK,
                (from, to) -> {
                    float[] sum = new float[count];
                    float[] addend = new float[count];
                    for (long row = from; row < to; row++) {
                        Rows.read(gradient, first + row, sum);
                        Rows.read(part, row, addend);
                        add(sum, addend, count);
                        Rows.write(sum, gradient, first + row);
                    }
                });
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
