package dev.tanren.activities.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelPreparationTest {

    private static final String CONFIGURATION =
            """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 64,
             "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "intermediate_size": 32, "hidden_act": "silu",
             "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": true}
            """;

    @TempDir private Path folder;
    private final MemoryObjectStore store = new MemoryObjectStore();
    private int sequenceLength = 128;

    @BeforeEach
    void aConfiguration() throws IOException {
        write("config.json", CONFIGURATION);
    }

    @Test
    void aDirectoryIsBroughtIntoTheStoreOnce() throws IOException {
        write("model.safetensors", "weights");
        write("tokenizer.json", "{}");

        ResolvedModel model = resolve();
        int writes = store.writes();

        assertThat(model.architecture().hiddenSize()).isEqualTo(16);
        assertThat(model.tokenizerKey()).isEqualTo(model.importedPrefix() + "tokenizer.json");
        assertThat(store.find(model.importedPrefix() + "model.safetensors")).isPresent();
        assertThat(resolve()).isEqualTo(model);
        assertThat(store.writes()).isEqualTo(writes);
        write("model.safetensors", "changed");
        assertThat(resolve().importedPrefix()).isNotEqualTo(model.importedPrefix());
    }

    @Test
    void everyShardOfTheIndexMustBeThere() throws IOException {
        write(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}");
        write("m-1.safetensors", "first");
        assertRefused(ErrorCode.MODEL_MISSING, "m-2.safetensors");

        write("m-2.safetensors", "second");
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

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
