package dev.tanren.activities.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.storage.testing.MemoryObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model that the trainer could not use is refused before it counts as imported, from a folder
/// as from a bucket, and nothing of it stays.
class UnsoundModelTest {

    private static final String NORM = "model.layers.1.input_layernorm.weight";

    @TempDir private Path folder;
    private final MemoryObjectStore platform = new MemoryObjectStore();
    private final MemoryObjectStore bucket = new MemoryObjectStore();

    @BeforeEach
    void twoSoundShards() throws IOException {
        write("config.json", SmallModel.CONFIGURATION.getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, byte[]> file : SmallModel.shards().entrySet()) {
            write(file.getKey(), file.getValue());
        }
    }

    @Test
    void soundShardsAreImported() {
        TrainedOn.Model model = resolve("file:" + folder);

        assertThat(platform.find(model.importedPrefix() + "config.json")).isPresent();
        assertThat(platform.find(model.importedPrefix() + "m-2.safetensors")).isPresent();
        assertThat(resolve("s3://models/m").importedPrefix()).isEqualTo(model.importedPrefix());
    }

    @Test
    void aShardThatBreaksOffIsNamedWithTheFirstTensorThatIsCut() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("m-2.safetensors"));
        for (int bytes : new int[] {0, 7, 40}) {
            write("m-2.safetensors", Arrays.copyOf(whole, bytes));
            assertRefused(ErrorCode.SAFETENSORS_CORRUPT, "m-2.safetensors");
        }
        write("m-2.safetensors", Arrays.copyOf(whole, whole.length - 1));

        assertRefused(
                ErrorCode.SAFETENSORS_CORRUPT,
                "m-2.safetensors",
                "tensor `model.norm.weight`",
                "breaks off");
    }

    @Test
    void aWrongShapeIsNamedWithFileTensorAndBothShapes() throws IOException {
        oneFile(
                SmallModel.with(
                        SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.F32),
                        NORM,
                        tensor -> new TensorInfo(NORM, Dtype.F32, List.of(17L))));

        assertRefused(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                "model.safetensors",
                "`" + NORM + "`",
                "[17]",
                "[16]");
    }

    @Test
    void aTensorThatIsMissingOrUnknownIsNamed() throws IOException {
        List<TensorInfo> all = SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.F32);
        oneFile(all.stream().filter(tensor -> !tensor.name().equals(NORM)).toList());
        assertRefused(ErrorCode.MODEL_TENSOR_MISMATCH, "1 tensors are missing: `" + NORM + "`");

        oneFile(
                SmallModel.with(
                        all, NORM, tensor -> new TensorInfo("surplus", Dtype.F32, tensor.shape())));
        assertRefused(ErrorCode.MODEL_TENSOR_MISMATCH, "model.safetensors", "`surplus`");
    }

    @Test
    void anIndexThatNamesAFileThatIsNotThereIsRefusedNamingIt() throws IOException {
        Files.delete(folder.resolve("m-2.safetensors"));
        bucket.delete("m/m-2.safetensors");

        assertRefused(ErrorCode.MODEL_MISSING, "m-2.safetensors");
    }

    @ParameterizedTest
    @CsvSource({
        "F32, 7fc00000, NaN",
        "F32, ff800000, -Infinity",
        "BF16, 7fc0, NaN",
        "BF16, ff80, -Infinity",
        "F16, 7e00, NaN",
        "F16, 7c00, Infinity"
    })
    void aNumberThatIsNotFiniteIsNamedWithItsPlace(Dtype dtype, String bits, String told)
            throws IOException {
        byte[] weights =
                SmallModel.file(
                        SmallModel.tensors(SmallModel.CONFIGURATION, dtype),
                        SmallModel.setting(NORM, dtype, 3, Integer.parseUnsignedInt(bits, 16)));
        write("model.safetensors", weights);

        assertRefused(
                ErrorCode.MODEL_NOT_FINITE,
                "model.safetensors",
                "`" + NORM + "` holds " + told + " at element 3");
    }

    @Test
    void theLargestNumbersOfEachElementTypeAreFine() throws IOException {
        Map<Dtype, Integer> largest =
                Map.of(Dtype.F32, 0xff7fffff, Dtype.BF16, 0xff7f, Dtype.F16, 0x7bff);
        for (Map.Entry<Dtype, Integer> number : largest.entrySet()) {
            write(
                    "model.safetensors",
                    SmallModel.file(
                            SmallModel.tensors(SmallModel.CONFIGURATION, number.getKey()),
                            SmallModel.setting(NORM, number.getKey(), 3, number.getValue())));
            assertThat(platform.find(resolve("file:" + folder).importedPrefix() + "config.json"))
                    .isPresent();
        }
    }

    @Test
    void aTokenizerLargerThanTheVocabularyIsRefused() throws IOException {
        String tokenizer =
                """
                {"model": {"vocab": {"a": 0, "b": %d}}, "added_tokens": [{"id": 2, "content": "<s>"}]}
                """;
        write("tokenizer.json", tokenizer.formatted(64).getBytes(StandardCharsets.UTF_8));
        assertRefused(ErrorCode.TOKENIZER_MISMATCH, "tokenizer.json", "65 tokens", "64");
        write("tokenizer.json", new byte[] {'{'});
        assertRefused(ErrorCode.TOKENIZER_UNREADABLE, "tokenizer.json");

        write("tokenizer.json", tokenizer.formatted(63).getBytes(StandardCharsets.UTF_8));
        assertThat(resolve("file:" + folder).tokenizerKey()).isNotEmpty();
    }

    private void oneFile(List<TensorInfo> tensors) throws IOException {
        write("model.safetensors", SmallModel.file(tensors, (name, numbers) -> {}));
    }

    /// In the folder and in the bucket.
    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
        bucket.put("m/" + name, bytes);
    }

    private TrainedOn.Model resolve(String uri) {
        Sources sources =
                new Sources(
                        new FileRoots(List.of(folder)),
                        new SourceBuckets(List.of("models"), name -> bucket));
        return new ModelPreparation(platform, sources, folder.resolve("scratch"))
                .resolve(
                        new Plan(
                                Plan.API_VERSION,
                                "p",
                                1,
                                new ModelSource.Base(uri),
                                Map.of(),
                                List.of()),
                        Progress.NONE);
    }

    private void assertRefused(ErrorCode code, String... told) {
        for (String uri : List.of("file:" + folder, "s3://models/m")) {
            assertThatThrownBy(() -> resolve(uri))
                    .as(uri)
                    .hasMessageContainingAll(told)
                    .hasMessageContaining(
                            uri.startsWith("s3") ? "s3://models/m" : folder.toString())
                    .isInstanceOfSatisfying(
                            TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
            assertThat(platform.list("models/")).as(uri).isEmpty();
        }
    }
}
