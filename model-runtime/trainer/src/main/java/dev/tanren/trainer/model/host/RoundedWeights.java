package dev.tanren.trainer.model.host;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.WorkingWeights;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.NativeMemory;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// A copy of a model's matrices in bf16. Vectors stay in fp32, where they are.
final class RoundedWeights implements WorkingWeights {

    private static final long CHUNK = 1 << 16;

    private final NativeMemory memory;
    private final long elements;
    private final List<Tensor> views = new ArrayList<>();

    RoundedWeights(long elements) {
        this.elements = elements;
        memory = new NativeMemory(elements * Format.BFLOAT16.bytes());
    }

    @Override
    public void takeOver(FlatBuffer weights) {
        ComputeThreads.loop(
                elements,
                CHUNK,
                (from, to) ->
                        Bfloat16.write(
                                weights.segment(),
                                from * Float.BYTES,
                                memory.segment(),
                                from * Format.BFLOAT16.bytes(),
                                (int) (to - from)));
    }

    @Override
    public boolean has(ParameterLayout.Entry parameter) {
        return !parameter.vector();
    }

    @Override
    public Matrix view(ParameterLayout.Entry first, int rows, int columns) {
        int bytes = Format.BFLOAT16.bytes();
        MemorySegment part =
                memory.segment().asSlice(first.offset() * bytes, (long) rows * columns * bytes);
        Matrix matrix = Matrix.over(part, Format.BFLOAT16, rows, columns);
        matrix.tensor().retainReference();
        views.add(matrix.tensor());
        return matrix;
    }

    @Override
    public void close() {
        views.forEach(Tensor::releaseReference);
        views.clear();
        memory.close();
    }
}
