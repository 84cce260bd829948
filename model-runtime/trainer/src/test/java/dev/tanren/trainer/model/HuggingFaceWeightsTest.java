package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceWeightsTest {

    private static final ParameterLayout LAYOUT =
            new LayoutBuilder()
                    .add("model.embed_tokens.weight", 3, 2)
                    .add("model.norm.weight", 2)
                    .build();

    @TempDir Path folder;

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @Test
    void shardsInHalfPrecisionGiveTheLogitsOfTransformers() {
        try (Fixture fixture = new Fixture("bf16-shards")) {
            int length = (int) fixture.shape("tokens")[1];
            int[] tokens = fixture.ints("tokens");
            int[][] rows = {
                Arrays.copyOfRange(tokens, 0, length),
                Arrays.copyOfRange(tokens, length, 2 * length)
            };
            try (Tensor logits = fixture.uses.logits(MicroBatch.ofRows(rows))) {
                assertThat(Numbers.relativeMaximum(Numbers.of(logits), fixture.numbers("logits")))
                        .isLessThan(1e-5);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"/families/qwen3, 4", "/families/gpt2-untied, 3", "/families/qwen2, 1"})
    void noMoreThanOneShardIsEverOpen(String fixture, int shards) {
        Path directory = Fixture.resource(fixture);
        ParameterLayout layout =
                ParameterLayout.of(
                        HuggingFaceDirectory.open(directory).configuration().architecture());
        List<SafetensorsFile> opened = new ArrayList<>();
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            HuggingFaceWeights.load(
                    directory,
                    layout,
                    weights,
                    file -> {
                        assertThat(opened).noneMatch(HuggingFaceWeightsTest::mapped);
                        SafetensorsFile shard = SafetensorsFile.open(file);
                        assertThat(mapped(shard)).isTrue();
                        opened.add(shard);
                        return shard;
                    });
        }
        assertThat(opened).hasSize(shards).noneMatch(HuggingFaceWeightsTest::mapped);
    }

    private static boolean mapped(SafetensorsFile file) {
        return file.tensors().getFirst().bytes().scope().isAlive();
    }

    @Test
    void sixteenBitFloatsOfBothKindsAreWidened() {
        write(
                tensor("model.embed_tokens.weight", Dtype.F16, 3, 2),
                tensor("model.norm.weight", Dtype.BF16, 2));
        try (FlatBuffer weights = FlatBuffer.allocate(LAYOUT)) {
            HuggingFaceWeights.load(folder, LAYOUT, weights);
            assertThat(Numbers.of(weights)).containsExactly(0, 1, 2, 3, 4, 5, 0, 1);
        }
    }

    @Test
    void aHeadBesideTiedEmbeddingsAndStoredFrequenciesAreLeftAlone() {
        write(
                tensor("model.embed_tokens.weight", Dtype.F32, 3, 2),
                tensor("model.norm.weight", Dtype.F32, 2),
                tensor("lm_head.weight", Dtype.F32, 3, 2),
                tensor("model.layers.0.self_attn.rotary_emb.inv_freq", Dtype.F32, 4));
        try (FlatBuffer weights = FlatBuffer.allocate(LAYOUT)) {
            HuggingFaceWeights.load(folder, LAYOUT, weights);
            assertThat(Numbers.of(weights)).containsExactly(0, 1, 2, 3, 4, 5, 0, 1);
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        write(tensor("model.norm.weight", Dtype.F32, 2));
        assertRefused(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                "1 tensors are missing: `model.embed_tokens.weight`");
    }

    @Test
    void aTensorOfAnotherShapeIsNamedWithBothShapes() {
        write(
                tensor("model.embed_tokens.weight", Dtype.F32, 2, 3),
                tensor("model.norm.weight", Dtype.F32, 2));
        assertRefused(ErrorCode.MODEL_TENSOR_MISMATCH, "has the shape [2, 3]", "asks for [3, 2]");
    }

    @Test
    void aTensorThatTheModelDoesNotHaveIsNotIgnored() {
        write(
                tensor("model.embed_tokens.weight", Dtype.F32, 3, 2),
                tensor("model.norm.weight", Dtype.F32, 2),
                tensor("model.layers.0.self_attn.q_proj.bias", Dtype.F32, 2));
        assertRefused(ErrorCode.MODEL_TENSOR_MISMATCH, "`model.layers.0.self_attn.q_proj.bias`");
    }

    @Test
    void namesMayLackThePrefixOfTheModelWithAHead() {
        write(
                tensor("embed_tokens.weight", Dtype.F32, 3, 2),
                tensor("norm.weight", Dtype.F32, 2),
                tensor("h.0.attn.bias", Dtype.F32, 1, 1, 4, 4),
                tensor("h.0.attn.masked_bias", Dtype.F32));
        try (FlatBuffer weights = FlatBuffer.allocate(LAYOUT)) {
            HuggingFaceWeights.load(folder, LAYOUT, weights);
            assertThat(Numbers.of(weights)).containsExactly(0, 1, 2, 3, 4, 5, 0, 1);
        }
    }

    @Test
    void aTensorInTwoFilesIsNamed() throws IOException {
        write(
                tensor("model.embed_tokens.weight", Dtype.F32, 3, 2),
                tensor("model.norm.weight", Dtype.F32, 2));
        Files.move(folder.resolve("model.safetensors"), folder.resolve("a.safetensors"));
        write(tensor("model.norm.weight", Dtype.F32, 2));
        Files.move(folder.resolve("model.safetensors"), folder.resolve("b.safetensors"));
        index(
                """
                {"weight_map": {"model.embed_tokens.weight": "a.safetensors",
                 "model.norm.weight": "b.safetensors"}}""");
        assertRefused(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                "b.safetensors",
                "`model.norm.weight` is there a second time");
    }

    @Test
    void aNumberThatIsNoneIsNamedWithItsPlace() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment norm = arena.allocate(8, 8);
            norm.setAtIndex(ValueLayout.JAVA_FLOAT, 1, Float.NaN);
            List<TensorInfo> all =
                    List.of(
                            tensor("model.embed_tokens.weight", Dtype.F32, 3, 2),
                            tensor("model.norm.weight", Dtype.F32, 2));
            SafetensorsWriter.plan(all, Map.of())
                    .write(
                            name -> name.contains("norm") ? norm : counting(arena, all.getFirst()),
                            folder.resolve("model.safetensors"));
        }
        assertRefused(
                ErrorCode.MODEL_NOT_FINITE,
                "model.safetensors",
                "`model.norm.weight` holds NaN at element 1");
    }

    @Test
    void aShardThatBreaksOffIsNamed() throws IOException {
        write(
                tensor("model.embed_tokens.weight", Dtype.F32, 3, 2),
                tensor("model.norm.weight", Dtype.F32, 2));
        Path file = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(file);
        for (int bytes : new int[] {0, 7, 40, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, bytes));
            assertRefused(ErrorCode.SAFETENSORS_CORRUPT, "model.safetensors");
        }
    }

    @Test
    void wholeNumbersAreNoWeights() {
        write(
                tensor("model.embed_tokens.weight", Dtype.I32, 3, 2),
                tensor("model.norm.weight", Dtype.F32, 2));
        assertRefused(ErrorCode.MODEL_UNSUPPORTED, "is stored as I32");
    }

    @Test
    void pickledWeightsAreRefused() throws IOException {
        Files.createFile(folder.resolve("pytorch_model.bin"));
        assertRefused(ErrorCode.PICKLE_REFUSED, "pickled");
    }

    @Test
    void aFolderWithoutWeightsSaysWhatIsMissing() {
        assertRefused(ErrorCode.MODEL_MISSING, "model.safetensors");
    }

    @Test
    void aShardThatTheIndexNamesMustBeThere() throws IOException {
        index("{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\"}}");
        assertRefused(ErrorCode.MODEL_MISSING, "model-00001-of-00002.safetensors");
    }

    @Test
    void anIndexCannotReachOutOfItsFolder() throws IOException {
        index("{\"weight_map\": {\"a\": \"../secret.safetensors\"}}");
        assertRefused(ErrorCode.SAFETENSORS_CORRUPT, "../secret.safetensors");
    }

    @Test
    void anIndexThatIsNoJsonIsCorrupt() throws IOException {
        index("weights");
        assertRefused(ErrorCode.SAFETENSORS_CORRUPT, "not JSON");
    }

    @Test
    void aFolderThatIsNotThereOrHasNoConfigurationIsNamed() {
        assertCoded(
                () -> HuggingFaceDirectory.open(folder.resolve("nowhere")),
                ErrorCode.MODEL_MISSING,
                "no folder");
        assertCoded(
                () -> HuggingFaceDirectory.open(folder), ErrorCode.MODEL_MISSING, "config.json");
    }

    private void assertRefused(ErrorCode code, String... parts) {
        try (FlatBuffer weights = FlatBuffer.allocate(LAYOUT)) {
            assertCoded(() -> HuggingFaceWeights.load(folder, LAYOUT, weights), code, parts);
        }
    }

    private static void assertCoded(ThrowingCallable call, ErrorCode code, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContainingAll(parts);
    }

    private void index(String json) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), json);
    }

    private static TensorInfo tensor(String name, Dtype dtype, Integer... shape) {
        return new TensorInfo(name, dtype, Arrays.stream(shape).map(Long::valueOf).toList());
    }

    /// Tensors that count up from 0.
    private void write(TensorInfo... tensors) {
        List<TensorInfo> all = new ArrayList<>(List.of(tensors));
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.plan(all, Map.of())
                    .write(
                            name ->
                                    counting(
                                            arena,
                                            all.stream()
                                                    .filter(info -> info.name().equals(name))
                                                    .findFirst()
                                                    .orElseThrow()),
                            folder.resolve("model.safetensors"));
        }
    }

    private static MemorySegment counting(Arena arena, TensorInfo info) {
        MemorySegment bytes = arena.allocate(info.bytes(), 8);
        for (int i = 0; i < info.elements(); i++) {
            switch (info.dtype()) {
                case F16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(i));
                case BF16 ->
                        bytes.setAtIndex(
                                ValueLayout.JAVA_SHORT,
                                i,
                                (short) (Float.floatToRawIntBits(i) >>> 16));
                default -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
            }
        }
        return bytes;
    }
}
