package dev.tanren.trainer.model.tensor;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.WorkingWeights;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
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
    private final List<Tensor> views = new ArrayList<>();

    DeviceWeights(ParameterLayout layout, Format format, ComputeDevice device) {
        this.layout = layout;
        this.format = format;
        this.device = device;
        try (PointerScope _ = new PointerScope()) {
            all = DeviceTensors.empty(device, TensorKernels.type(format), layout.elements());
            all.retainReference();
        }
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
        Tensor incoming = DeviceTensors.empty(device, ScalarType.Float, Math.min(CHUNK, elements));
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
        long count = (long) rows * columns;
        try (PointerScope _ = new PointerScope()) {
            boolean own = first.vector() && format != Format.FLOAT32;
            Tensor flat =
                    own
                            ? vectors.computeIfAbsent(first.name(), name -> vector(count))
                            : all.narrow(0, first.offset(), count);
            Tensor view = flat.view(rows, columns);
            view.retainReference();
            views.add(view);
            return Matrix.of(view, own ? Format.FLOAT32 : format, rows, columns);
        }
    }

    private Tensor vector(long count) {
        Tensor made = DeviceTensors.empty(device, ScalarType.Float, count);
        made.retainReference();
        return made;
    }

    @Override
    public void close() {
        views.forEach(Tensor::releaseReference);
        views.clear();
        vectors.values().forEach(Tensor::releaseReference);
        vectors.clear();
        all.releaseReference();
    }
}
