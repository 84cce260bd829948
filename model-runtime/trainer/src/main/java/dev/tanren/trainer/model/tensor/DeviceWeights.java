package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.WorkingWeights;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A device's copy of a model's weights: matrices in the format of products, vectors in fp32.
///
/// Weights are brought over in fp32, a part at a time, and rounded there.
final class DeviceWeights implements WorkingWeights {

    /// Numbers that are brought over at once where they are rounded: 64 MiB.
    private static final long CHUNK = 1 << 24;

    private final ParameterLayout layout;
    private final Format format;
    private final ComputeDevice device;
    private final Tensor all;
    private final Map<String, Tensor> vectors = new HashMap<>();
    private final Map<String, Tensor> views = new HashMap<>();

    DeviceWeights(ParameterLayout layout, Format format, ComputeDevice device) {
        this.layout = layout;
        this.format = format;
        this.device = device;
        try (PointerScope _ = new PointerScope()) {
            all = empty(layout.elements(), TensorKernels.type(format));
            all.retainReference();
        }
    }

    private Tensor empty(long elements, ScalarType type) {
        return torch.empty(new long[] {elements}, device.options(type), new MemoryFormatOptional());
    }

    @Override
    public void takeOver(FlatBuffer weights) {
        try (PointerScope _ = new PointerScope()) {
            switch (format) {
                case FLOAT32 -> all.copy_(weights.tensor(), true);
                case BFLOAT16 -> round(weights);
            }
        }
    }

    private void round(FlatBuffer weights) {
        long elements = layout.elements();
        Tensor incoming = empty(Math.min(CHUNK, elements), ScalarType.Float);
        for (long from = 0; from < elements; from += CHUNK) {
            long count = Math.min(CHUNK, elements - from);
            Tensor part = incoming.narrow(0, 0, count);
            part.copy_(weights.tensor().narrow(0, from, count), true);
            all.narrow(0, from, count).copy_(part);
        }
        for (Map.Entry<String, Tensor> vector : vectors.entrySet()) {
            long offset = layout.entry(vector.getKey()).offset();
            Tensor own = vector.getValue();
            own.copy_(weights.tensor().narrow(0, offset, own.numel()), true);
        }
    }

    @Override
    public boolean has(ParameterLayout.Entry parameter) {
        return true;
    }

    @Override
    public Matrix view(ParameterLayout.Entry first, int rows, int columns) {
        boolean own = first.vector() && format != Format.FLOAT32;
        Tensor view =
                views.computeIfAbsent(
                        first.name() + " " + rows + " " + columns,
                        name -> made(first, own, rows, columns));
        return Matrix.of(view, own ? Format.FLOAT32 : format, rows, columns);
    }

    /// @param own whether the copy has it in fp32, apart from the others
    private Tensor made(ParameterLayout.Entry first, boolean own, int rows, int columns) {
        long count = (long) rows * columns;
        try (PointerScope _ = new PointerScope()) {
            Tensor flat =
                    own
                            ? vectors.computeIfAbsent(first.name(), name -> vector(count))
                            : all.narrow(0, first.offset(), count);
            Tensor view = flat.view(rows, columns);
            view.retainReference();
            return view;
        }
    }

    private Tensor vector(long count) {
        Tensor made = empty(count, ScalarType.Float);
        made.retainReference();
        return made;
    }

    @Override
    public void close() {
        views.values().forEach(Tensor::releaseReference);
        views.clear();
        vectors.values().forEach(Tensor::releaseReference);
        vectors.clear();
        all.releaseReference();
    }
}
