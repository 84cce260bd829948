package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;

/// What PyTorch makes of the same weights and gradients, by `tools/fixtures/optimizers.py`.
public final class ReferenceFigures implements AutoCloseable {

    /// The parameters of the figures.
    static final ParameterLayout LAYOUT =
            new LayoutBuilder()
                    .add(Role.EMBEDDING, "embedding", 13, 6)
                    .add("tall", 12, 5)
                    .add("wide", 5, 12)
                    .add("square", 7, 7)
                    .add("norm", 6)
                    .add(Role.HEAD, "head", 13, 6)
                    .build();

    private final SafetensorsFile file;

    public ReferenceFigures() {
        try {
            file =
                    SafetensorsFile.open(
                            Path.of(
                                    Objects.requireNonNull(
                                                    ReferenceFigures.class.getResource(
                                                            "/optimizers/expected.safetensors"))
                                            .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    public double[] numbers(String name) {
        SafetensorsFile.Tensor tensor = file.tensor(name);
        return IntStream.range(0, (int) tensor.info().elements())
                .mapToDouble(i -> tensor.bytes().get(JAVA_DOUBLE_UNALIGNED, i * 8L))
                .toArray();
    }

    public int[] ints(String name) {
        SafetensorsFile.Tensor tensor = file.tensor(name);
        return IntStream.range(0, (int) tensor.info().elements())
                .map(i -> tensor.bytes().get(JAVA_INT_UNALIGNED, i * 4L))
                .toArray();
    }

    /// All parameters of `prefix`, in a buffer of their layout.
    FlatBuffer buffer(String prefix) {
        FlatBuffer buffer = FlatBuffer.allocate(LAYOUT);
        for (ParameterLayout.Entry entry : LAYOUT.entries()) {
            double[] values = numbers(prefix + "." + entry.name());
            for (int i = 0; i < values.length; i++) {
                buffer.segment().setAtIndex(JAVA_FLOAT, entry.offset() + i, (float) values[i]);
            }
        }
        return buffer;
    }

    @Override
    public void close() {
        file.close();
    }
}
