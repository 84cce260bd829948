package dev.tanren.activities.model;

import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/// A Llama whose files are sound, and what tests make of them.
public final class SmallModel {

    public static final String CONFIGURATION = configuration(64);

    private SmallModel() {}

    public static String configuration(int vocabSize) {
        return """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d,
         "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "intermediate_size": 32, "hidden_act": "silu",
         "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "tie_word_embeddings": true}
        """
                .formatted(vocabSize);
    }

    /// The tensors that a configuration asks for.
    public static List<TensorInfo> tensors(String configuration, Dtype dtype) {
        List<TensorInfo> tensors = new ArrayList<>();
        DecoderFamily.tensors(HuggingFaceConfiguration.read(configuration, "test").architecture())
                .forEach((name, shape) -> tensors.add(new TensorInfo(name, dtype, shape)));
        return tensors;
    }

    /// All weights in one file.
    public static byte[] weights(String configuration) {
        return file(tensors(configuration, Dtype.F32), (name, numbers) -> {});
    }

    /// All weights in two files, `m-1.safetensors` and `m-2.safetensors`, and their index.
    public static Map<String, byte[]> shards() {
        List<TensorInfo> all = tensors(CONFIGURATION, Dtype.F32);
        return Map.of(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}"
                        .getBytes(StandardCharsets.UTF_8),
                "m-1.safetensors",
                file(all.subList(0, 3), (name, numbers) -> {}),
                "m-2.safetensors",
                file(all.subList(3, all.size()), (name, numbers) -> {}));
    }

    /// Changes the numbers of a tensor before they are written.
    @FunctionalInterface
    public interface Change {
        void apply(String name, MemorySegment numbers);
    }

    /// Numbers are random, with a small exponent in every element type.
    public static byte[] file(List<TensorInfo> tensors, Change change) {
        Path file = null;
        try (Arena arena = Arena.ofConfined()) {
            file = Files.createTempFile("small-model", ".safetensors");
            SafetensorsWriter.plan(tensors, Map.of("format", "pt"))
                    .write(name -> numbers(name, tensors, change, arena), file);
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (file != null) {
                file.toFile().delete();
            }
        }
    }

    private static MemorySegment numbers(
            String name, List<TensorInfo> tensors, Change change, Arena arena) {
        TensorInfo tensor =
                tensors.stream().filter(info -> info.name().equals(name)).findFirst().orElseThrow();
        byte[] bytes = new byte[(int) tensor.bytes()];
        new Random(name.hashCode()).nextBytes(bytes);
        for (int at = tensor.dtype().bytes() - 1; at < bytes.length; at += tensor.dtype().bytes()) {
            bytes[at] &= (byte) 0xbf;
        }
        MemorySegment numbers = arena.allocate(bytes.length, 8);
        numbers.copyFrom(MemorySegment.ofArray(bytes));
        change.apply(name, numbers);
        return numbers;
    }

    /// The tensors with one of them changed.
    public static List<TensorInfo> with(
            List<TensorInfo> tensors, String name, UnaryOperator<TensorInfo> change) {
        return tensors.stream()
                .map(tensor -> tensor.name().equals(name) ? change.apply(tensor) : tensor)
                .toList();
    }

    /// Sets an element to a number's bits.
    public static Change setting(String tensor, Dtype dtype, long element, int bits) {
        return (name, numbers) -> {
            if (!name.equals(tensor)) {
                return;
            }
            if (dtype.bytes() == Integer.BYTES) {
                numbers.setAtIndex(ValueLayout.JAVA_INT, element, bits);
            } else {
                numbers.setAtIndex(ValueLayout.JAVA_SHORT, element, (short) bits);
            }
        };
    }
}
