package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.ElementType;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model that is read and written again without training, in every family, element type and
/// number of files.
class RoundTripTest {

    @TempDir private Path folder;

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-llama3-rope, BFLOAT16",
        "llama-linear-rope, FLOAT16",
        "mistral-window, BFLOAT16",
        "qwen2, FLOAT16",
        "qwen3, BFLOAT16",
        "phi3, BFLOAT16",
        "gpt2, FLOAT32",
        "gpt2-untied, FLOAT16"
    })
    void anUntouchedModelIsWrittenAsTheBytesItCameFrom(String name, ElementType type) {
        Path source = family(name);
        HuggingFaceDirectory directory = HuggingFaceDirectory.open(source);
        assertThat(directory.configuration().dtype()).isEqualTo(type.word());
        ParameterLayout layout = ParameterLayout.of(directory.configuration().architecture());
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            HuggingFaceWeights.load(source, layout, weights);
            List<Path> one = new WeightsWriter(type, 1 << 30).write(layout, weights, folder);
            assertThat(one).containsExactly(folder.resolve("model.safetensors"));
            assertThat(tensors(one)).isEqualTo(tensors(directory.weightFiles()));
            List<Path> many = new WeightsWriter(type, 6000).write(layout, weights, folder);
            assertThat(many).hasSizeGreaterThan(3);
            assertThat(tensors(many.subList(0, many.size() - 1))).isEqualTo(tensors(one));
        }
    }

    @Test
    void severalFilesAreReadBackByTheirIndex() throws Exception {
        Path source = family("qwen3");
        ParameterLayout layout =
                ParameterLayout.of(
                        HuggingFaceDirectory.open(source).configuration().architecture());
        try (FlatBuffer weights = FlatBuffer.allocate(layout);
                FlatBuffer again = FlatBuffer.allocate(layout)) {
            HuggingFaceWeights.load(source, layout, weights);
            new WeightsWriter(ElementType.FLOAT32, 6000).write(layout, weights, folder);
            HuggingFaceWeights.load(folder, layout, again);
            assertThat(again.segment().mismatch(weights.segment())).isEqualTo(-1);
        }
    }

    @Test
    void otherNumbersAreRoundedToTheNearestHalvesToEven() {
        ParameterLayout layout = new LayoutBuilder().add("w", 4).build();
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            float[] values = {0x1.01p0f, 0x1.03p0f, -0x1.0102p0f, 3f};
            for (int i = 0; i < values.length; i++) {
                weights.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
            }
            List<Path> files =
                    new WeightsWriter(ElementType.BFLOAT16, 1000).write(layout, weights, folder);
            HuggingFaceWeights.load(folder, layout, weights);
            assertThat(files).hasSize(1);
            assertThat(weights.segment().toArray(ValueLayout.JAVA_FLOAT))
                    .containsExactly(1f, 0x1.04p0f, -0x1.02p0f, 3f);
        }
    }

    @Test
    void aWeightThatTheElementTypeCannotHoldIsNamed() {
        ParameterLayout layout = new LayoutBuilder().add("model.norm.weight", 2).build();
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            weights.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 1, 70_000f);
            assertThatThrownBy(
                            () ->
                                    new WeightsWriter(ElementType.FLOAT16, 1000)
                                            .write(layout, weights, folder))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FINITE))
                    .hasMessageContaining("model.norm.weight");
        }
    }

    private static Path family(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(RoundTripTest.class.getResource("/families/" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Each tensor's type, shape and bytes, by its name.
    private static Map<String, List<Object>> tensors(List<Path> files) {
        Map<String, List<Object>> tensors = new TreeMap<>();
        for (Path path : files) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (SafetensorsFile.Tensor tensor : file.tensors()) {
                    List<Byte> bytes = new java.util.ArrayList<>();
                    for (byte b : tensor.bytes().toArray(ValueLayout.JAVA_BYTE)) {
                        bytes.add(b);
                    }
                    tensors.put(tensor.name(), List.of(tensor.dtype(), tensor.shape(), bytes));
                }
            }
        }
        return tensors;
    }
}
