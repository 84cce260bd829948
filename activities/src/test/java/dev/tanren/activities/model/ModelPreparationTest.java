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
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.storage.testing.MemoryObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelPreparationTest {

    private static final String TOKENIZER =
            """
            {"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1, "content": "</s>"},
             {"id": 2, "content": "<fin>"}]}""";

    @TempDir private Path folder;
    private final MemoryObjectStore store = new MemoryObjectStore();
    private int sequenceLength = 128;

    @BeforeEach
    void aConfiguration() throws IOException {
        write("config.json", SmallModel.CONFIGURATION);
    }

    @Test
    void aDirectoryIsBroughtIntoTheStoreOnce() throws IOException {
        write("model.safetensors", SmallModel.weights(SmallModel.CONFIGURATION));
        write("tokenizer.json", "{}");
        for (String name : ModelFiles.CARRIED) {
            write(name, "{}");
        }

        TrainedOn.Model model = resolve();
        int writes = store.writes();

        assertThat(model.architecture().hiddenSize()).isEqualTo(16);
        assertThat(model.tokenizerKey()).isEqualTo(model.importedPrefix() + "tokenizer.json");
        assertThat(store.find(model.importedPrefix() + "model.safetensors")).isPresent();
        assertThat(ModelFiles.CARRIED)
                .allMatch(name -> store.find(model.importedPrefix() + name).isPresent());
        assertThat(resolve()).isEqualTo(model);
        assertThat(store.writes()).isEqualTo(writes);
        write(
                "model.safetensors",
                SmallModel.file(
                        SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.BF16),
                        (name, numbers) -> {}));
        assertThat(resolve().importedPrefix()).isNotEqualTo(model.importedPrefix());
    }

    @Test
    void aHeadThatIsTiedAndStoredWithOtherValuesUnties() throws IOException {
        List<TensorInfo> tensors =
                new ArrayList<>(SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.F32));
        TensorInfo embedding = tensors.getFirst();
        tensors.add(new TensorInfo("lm_head.weight", embedding.dtype(), embedding.shape()));
        write("model.safetensors", SmallModel.file(tensors, (name, numbers) -> {}));

        TrainedOn.Model model = resolve();

        assertThat(model.architecture().tieWordEmbeddings()).isFalse();
        assertThat(resolve()).as("of the files in the store").isEqualTo(model);
        assertThat(store.get(model.importedPrefix() + "config.json"))
                .isEqualTo(SmallModel.CONFIGURATION.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aHeadThatIsTheEmbeddingStaysTied() throws IOException {
        List<TensorInfo> tensors =
                new ArrayList<>(SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.F32));
        TensorInfo embedding = tensors.getFirst();
        tensors.add(new TensorInfo("lm_head.weight", embedding.dtype(), embedding.shape()));
        write(
                "model.safetensors",
                SmallModel.file(
                        tensors,
                        (name, numbers) -> {
                            if (name.equals("lm_head.weight") || name.equals(embedding.name())) {
                                numbers.fill((byte) 1);
                            }
                        }));

        assertThat(resolve().architecture().tieWordEmbeddings()).isTrue();
    }

    @Test
    void aStoredHeadOfAnotherShapeIsRefusedByName() throws IOException {
        List<TensorInfo> tensors =
                new ArrayList<>(SmallModel.tensors(SmallModel.CONFIGURATION, Dtype.F32));
        tensors.add(new TensorInfo("lm_head.weight", Dtype.F32, List.of(65L, 16L)));
        write("model.safetensors", SmallModel.file(tensors, (name, numbers) -> {}));

        assertRefused(ErrorCode.MODEL_TENSOR_MISMATCH, "lm_head.weight");
    }

    @Test
    void theEndOfDocumentsIsTheOneThatTheBaseDeclares() throws IOException {
        write("model.safetensors", SmallModel.weights(SmallModel.CONFIGURATION));
        write("tokenizer.json", TOKENIZER);
        write("tokenizer_config.json", "{\"eos_token\": \"<fin>\"}");

        assertThat(preparation().endTokens(resolve()).describe())
                .isEqualTo("documents end in `<fin>` (2), which `tokenizer_config.json` declares");
    }

    @Test
    void aTokenizerOfFreshWeightsTakesWhatLiesBesideItAlong() throws IOException {
        write("tokenizer.json", TOKENIZER);
        TrainedOn.Model alone = preparation().resolve(fresh(), Progress.NONE);
        assertThat(preparation().endTokens(alone).describe())
                .startsWith("documents end in `</s>` (1), known by its name");

        write("tokenizer_config.json", "{\"eos_token\": \"<fin>\"}");
        TrainedOn.Model accompanied = preparation().resolve(fresh(), Progress.NONE);

        assertThat(preparation().endTokens(accompanied).describe())
                .startsWith("documents end in `<fin>` (2)");
        assertThat(accompanied.tokenizerKey()).isNotEqualTo(alone.tokenizerKey());
        assertThat(
                        store.get(
                                accompanied
                                        .tokenizerKey()
                                        .replace("tokenizer.json", "tokenizer_config.json")))
                .isNotEmpty();
        assertThat(preparation().resolve(fresh(), Progress.NONE)).isEqualTo(accompanied);
    }

    @Test
    void aTokenizerWithTwoNumberingsIsRefused() throws IOException {
        write("model.safetensors", SmallModel.weights(SmallModel.CONFIGURATION));
        write(
                "tokenizer.json",
                "{\"model\": {\"vocab\": {\"a\": 0}}, \"added_tokens\": [{\"id\": 30,"
                        + " \"content\": \"<x>\"}]}");

        assertRefused(ErrorCode.TOKENIZER_UNREADABLE, "gives it 1");
        assertThat(store.writes()).isZero();
    }

    @Test
    void everyShardOfTheIndexMustBeThere() throws IOException {
        Map<String, byte[]> shards = new HashMap<>(SmallModel.shards());
        byte[] second = Objects.requireNonNull(shards.remove("m-2.safetensors"));
        for (Map.Entry<String, byte[]> file : shards.entrySet()) {
            write(file.getKey(), file.getValue());
        }
        assertRefused(ErrorCode.MODEL_MISSING, "m-2.safetensors");

        write("m-2.safetensors", second);
        assertThat(store.find(resolve().importedPrefix() + "m-2.safetensors")).isPresent();
    }

    @Test
    void anIndexThatLeadsOutOfTheDirectoryIsRefused() throws IOException {
        write(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"../secret.safetensors\"}}");

        assertRefused(ErrorCode.SAFETENSORS_CORRUPT, "../secret.safetensors");
    }

    @Test
    void picklesAreRefusedWithTheWayToConvertThem() throws IOException {
        assertRefused(ErrorCode.MODEL_MISSING, "model.safetensors");
        write("pytorch_model.bin", "pickle");

        assertRefused(ErrorCode.PICKLE_REFUSED, "safe_serialization");
        assertThat(store.writes()).isZero();
    }

    @Test
    void sequencesLongerThanTheModelsPositionsAreRefusedBeforeAnythingIsStored()
            throws IOException {
        write("model.safetensors", "weights");
        sequenceLength = 256;

        assertRefused(
                ErrorCode.PLAN_INCONSISTENT,
                "sequences of 256 tokens for a model of 128 positions");
        assertThat(store.writes()).isZero();
    }

    private TrainedOn.Model resolve() {
        return preparation().resolve(plan(), Progress.NONE);
    }

    private ModelPreparation preparation() {
        return new ModelPreparation(
                store,
                new Sources(
                        new FileRoots(List.of(folder)),
                        new SourceBuckets(List.of(), bucket -> store)),
                folder);
    }

    /// Fresh weights and the folder's tokenizer.
    private Plan fresh() {
        return new Plan(
                Plan.API_VERSION,
                "fresh",
                0,
                new ModelSource.Fresh(
                        HuggingFaceConfiguration.read(SmallModel.CONFIGURATION, "test")
                                .architecture(),
                        "file:" + folder.resolve("tokenizer.json")),
                plan().datasets(),
                plan().stages());
    }

    private Plan plan() {
        return PlanReader.read(
                        """
                        apiVersion: tanren.dev/v1
                        name: continued
                        model: {base: "file:%s"}
                        datasets:
                          code: {sources: [{uri: "file:./code"}]}
                        stages:
                          - id: adapt
                            type: cpt
                            globalBatchTokens: 1024
                            microBatch: 1
                            optimizer: {learningRate: 1e-3}
                            phases:
                              - {id: only, sequenceLength: %d, tokens: 2048, mix: {code: 1.0}}
                        """
                                .formatted(folder, sequenceLength))
                .planOrThrow();
    }

    private void assertRefused(ErrorCode code, String told) {
        assertThatThrownBy(this::resolve)
                .hasMessageContaining(told)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
