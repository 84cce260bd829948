package dev.tanren.storage.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against files of the Python package, see `tools/fixtures/safetensors_fixtures.py`. The bytes
/// that we write are the bytes that it wrote, so it reads ours as it reads its own.
class SafetensorsReferenceTest {

    private final Map<TensorInfo, MemorySegment> tensors = new LinkedHashMap<>();

    @Test
    void everyElementTypeIsReadAndWrittenAsTheReferenceDoes() {
        List<String> order =
                List.of(
                        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16",
                        "I32", "U32", "F32", "F64", "I64", "U64");
        for (int i = 0; i < order.size(); i++) {
            add("t." + order.get(i), Dtype.valueOf(order.get(i)), List.of(3L, 2L), i);
        }
        compare("every-dtype.safetensors", Map.of("format", "pt"));
    }

    @Test
    void oddShapesAndNamesAreReadAndWrittenAsTheReferenceDoes() {
        add("scalar", Dtype.F32, List.of(), 1);
        add("empty", Dtype.F32, List.of(0L, 4L), 2);
        add("quote \" backslash \\ tab \t bell \u0007 é 漢 😀", Dtype.I16, List.of(5L), 3);
        add("b", Dtype.F32, List.of(7L), 4);
        add("a", Dtype.U8, List.of(3L), 5);
        compare("odd-shapes-and-names.safetensors", Map.of("note", "line\nbreak \"é\""));
    }

    @Test
    void aModelsLayersAreReadAndWrittenAsTheReferenceDoes() {
        for (int i = 0; i < 12; i++) {
            for (String part : List.of("gate", "up", "down")) {
                String name = "model.layers." + i + ".mlp." + part + "_proj.weight";
                add(name, Dtype.F32, List.of(8L, 4L), i);
            }
        }
        compare("layers.safetensors", Map.of());
    }

    @Test
    void aFileWithoutTensorsIsAFile() {
        compare("no-tensor.safetensors", Map.of());
    }

    @Test
    void aFileThatIsMappedGivesTheSameTensors(@TempDir Path folder) throws IOException {
        add("w", Dtype.F32, List.of(1000L, 3L), 1);
        add("b", Dtype.BF16, List.of(3L), 2);
        SafetensorsWriter writer =
                SafetensorsWriter.plan(List.copyOf(tensors.keySet()), Map.of("k", "v"));
        Path file = folder.resolve("m.safetensors");
        writer.write(this::data, file);
        assertThat(Files.size(file)).isEqualTo(writer.bytes());
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.metadata()).containsExactly(Map.entry("k", "v"));
            assertThat(read.tensor("w").bytes().mismatch(data("w"))).isEqualTo(-1);
            assertThat(read.tensor("b").bytes().mismatch(data("b"))).isEqualTo(-1);
            assertThat(read.tensors().getFirst().name()).isEqualTo("w");
        }
    }

    private void compare(String fixture, Map<String, String> metadata) {
        byte[] reference = fixture(fixture);
        SafetensorsFile read = SafetensorsFile.of(fixture, MemorySegment.ofArray(reference));
        assertThat(read.metadata()).isEqualTo(metadata);
        assertThat(read.tensors()).hasSize(tensors.size());
        tensors.forEach(
                (info, bytes) -> {
                    SafetensorsFile.Tensor tensor = read.tensor(info.name());
                    assertThat(tensor.info()).isEqualTo(info);
                    assertThat(tensor.bytes().mismatch(bytes)).as(info.name()).isEqualTo(-1);
                });
        List<TensorInfo> shuffled = new ArrayList<>(tensors.keySet()).reversed();
        assertThat(written(SafetensorsWriter.plan(shuffled, metadata))).isEqualTo(reference);
    }

    private byte[] written(SafetensorsWriter writer) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        try {
            writer.write(this::data, stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] segment = new byte[Math.toIntExact(writer.bytes())];
        writer.write(this::data, MemorySegment.ofArray(segment));
        assertThat(segment).isEqualTo(stream.toByteArray());
        return segment;
    }

    private MemorySegment data(String name) {
        return tensors.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    private void add(String name, Dtype dtype, List<Long> shape, int seed) {
        TensorInfo info = new TensorInfo(name, dtype, shape);
        byte[] bytes = new byte[Math.toIntExact(info.bytes())];
        for (int i = 0; i < bytes.length; i++) {
            int value = (31 * i + seed) % 251;
            bytes[i] = (byte) (dtype == Dtype.BOOL ? value % 2 : value);
        }
        MemorySegment segment = MemorySegment.ofArray(bytes);
        tensors.put(info, segment);
    }

    private static byte[] fixture(String name) {
        try (InputStream stream =
                SafetensorsReferenceTest.class.getResourceAsStream("/safetensors/" + name)) {
            return Objects.requireNonNull(stream, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
