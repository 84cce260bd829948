package dev.tanren.storage.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class SafetensorsPropertyTest {

    record Content(List<TensorInfo> tensors, Map<String, String> metadata, long seed) {}

    @Property(tries = 300)
    void whatIsWrittenIsRead(@ForAll("contents") Content content) {
        Map<String, MemorySegment> data = data(content);
        byte[] file = file(content, data);
        SafetensorsFile read = SafetensorsFile.of("file", MemorySegment.ofArray(file));
        assertThat(read.metadata()).isEqualTo(content.metadata());
        assertThat(read.tensors()).hasSameSizeAs(content.tensors());
        long headerBytes =
                file.length - content.tensors().stream().mapToLong(TensorInfo::bytes).sum();
        assertThat(headerBytes % 8).isZero();
        for (TensorInfo info : content.tensors()) {
            SafetensorsFile.Tensor tensor = read.tensor(info.name());
            assertThat(tensor.info()).isEqualTo(info);
            assertThat((headerBytes + tensor.byteOffset()) % info.dtype().bytes()).isZero();
            MemorySegment expected = data.getOrDefault(info.name(), MemorySegment.NULL);
            assertThat(tensor.bytes().mismatch(expected)).isEqualTo(-1);
        }
    }

    @Property(tries = 2000)
    void aCorruptFileIsReadOrRefusedAndNothingElse(
            @ForAll("contents") Content content, @ForAll long seed) {
        byte[] file = file(content, data(content));
        Random random = new Random(seed);
        int header = Math.min(file.length, 8 + 400);
        for (int i = 0; i <= random.nextInt(4); i++) {
            file[random.nextInt(header)] = (byte) random.nextInt(256);
        }
        if (random.nextInt(4) == 0) {
            file = java.util.Arrays.copyOf(file, random.nextInt(file.length + 10));
        }
        try {
            SafetensorsFile read = SafetensorsFile.of("file", MemorySegment.ofArray(file));
            for (SafetensorsFile.Tensor tensor : read.tensors()) {
                assertThat(tensor.bytes().byteSize()).isEqualTo(tensor.info().bytes());
            }
        } catch (TanrenException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.SAFETENSORS_CORRUPT);
        }
    }

    @Provide
    Arbitrary<Content> contents() {
        Arbitrary<String> names = Arbitraries.strings().ofMinLength(1).ofMaxLength(12);
        Arbitrary<String> sound = names.filter(SafetensorsPropertyTest::isEncodable);
        Arbitrary<List<Long>> shapes = Arbitraries.longs().between(0, 5).list().ofMaxSize(4);
        Arbitrary<TensorInfo> tensors =
                Combinators.combine(sound, Arbitraries.of(Dtype.class), shapes).as(TensorInfo::new);
        return Combinators.combine(
                        tensors.list().ofMaxSize(8).uniqueElements(TensorInfo::name),
                        Arbitraries.maps(sound, sound).ofMaxSize(3),
                        Arbitraries.longs())
                .as(Content::new);
    }

    /// A lone surrogate is no character, so no file can hold it.
    private static boolean isEncodable(String text) {
        return java.nio.charset.StandardCharsets.UTF_8.newEncoder().canEncode(text)
                && !text.equals("__metadata__");
    }

    private static Map<String, MemorySegment> data(Content content) {
        Random random = new Random(content.seed());
        Map<String, MemorySegment> data = new HashMap<>();
        for (TensorInfo info : new ArrayList<>(content.tensors())) {
            byte[] bytes = new byte[Math.toIntExact(info.bytes())];
            random.nextBytes(bytes);
            data.put(info.name(), MemorySegment.ofArray(bytes));
        }
        return data;
    }

    private static byte[] file(Content content, Map<String, MemorySegment> data) {
        SafetensorsWriter writer = SafetensorsWriter.plan(content.tensors(), content.metadata());
        byte[] file = new byte[Math.toIntExact(writer.bytes())];
        writer.write(
                name -> data.getOrDefault(name, MemorySegment.NULL), MemorySegment.ofArray(file));
        return file;
    }
}
