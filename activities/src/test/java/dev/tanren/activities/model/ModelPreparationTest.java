package dev.tanren.activities.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.model.ModelFiles;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelPreparationTest {

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

        ResolvedModel model = resolve();
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

    private ResolvedModel resolve() {
        return new ModelPreparation(
                        store,
                        new Sources(
                                new FileRoots(List.of(folder)),
                                new SourceBuckets(List.of(), bucket -> store)),
                        folder)
                .resolve(plan(), Progress.NONE);
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
