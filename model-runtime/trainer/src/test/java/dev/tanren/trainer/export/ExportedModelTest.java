package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Lineage;
import dev.tanren.plan.ElementType;
import dev.tanren.plan.Stage;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.trainer.checkpoint.WeightsShard;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is published of an imported model: its weights and its own small files.
///
/// With `-Dtanren.exports=<folder>` the imported models and what is published of them are written
/// there, for other software to load.
class ExportedModelTest {

    private static final String BASE = "models/base/";
    private static final String TARGET = "runs/r/release/artifacts/";
    private static final String PUBLISHED = TARGET + "huggingface/";

    @TempDir private Path folder;
    private final MemoryObjectStore store = new MemoryObjectStore();

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-llama3-rope",
                "mistral-window",
                "qwen2",
                "qwen3",
                "phi3",
                "gpt2",
                "gpt2-untied"
            })
    void whatTheBaseModelSaysOfItsTokenizerAndOfGeneratingStaysAsItIs(String family)
            throws Exception {
        importFamily(family);
        for (String name : ModelFiles.CARRIED) {
            importTokenizerFile(name);
        }

        export();

        for (String name : ModelFiles.CARRIED) {
            assertThat(store.get(PUBLISHED + name)).as(name).isEqualTo(store.get(BASE + name));
        }
        assertThat(store.get(PUBLISHED + ModelFiles.TOKENIZER))
                .isEqualTo(store.get(BASE + ModelFiles.TOKENIZER));
        assertThat(new String(store.get(TARGET + "manifest.json"), StandardCharsets.UTF_8))
                .contains(ModelFiles.CARRIED);
        keep(family);
    }

    @Test
    void whatTheBaseModelDoesNotHaveIsMadeFromItsOtherFiles() throws Exception {
        importFamily("llama-llama3-rope");
        importTokenizerFile(ModelFiles.GENERATION);

        export();

        assertThat(store.get(PUBLISHED + ModelFiles.GENERATION))
                .isEqualTo(store.get(BASE + ModelFiles.GENERATION));
        assertThat(published(ModelFiles.TOKENIZER_CONFIGURATION).path("eos_token").asText())
                .isEqualTo("</s>");
        assertThat(store.find(PUBLISHED + "special_tokens_map.json")).isEmpty();
        assertThat(store.find(PUBLISHED + "chat_template.jinja")).isEmpty();

        store.delete(BASE + ModelFiles.GENERATION);
        export();
        assertThat(published(ModelFiles.GENERATION).path("_from_model_config").asBoolean())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theIdsOfSpecialTokensStayWhetherATokenizerKnowsThemOrNot(boolean tokenizer)
            throws Exception {
        importFamily("llama-llama3-rope");
        String ids = "\"bos_token_id\": 60, \"eos_token_id\": [61, 62], \"pad_token_id\": 63, ";
        String text =
                Files.readString(local("config.json"))
                        .replaceAll("\"(bos|eos|pad)_token_id\": [^,]*,", "");
        Files.writeString(local("config.json"), text.replaceFirst("\\{", "{" + ids));
        store.put(BASE + "config.json", local("config.json"));

        export(tokenizer ? BASE + ModelFiles.TOKENIZER : "");

        for (String file : List.of(ModelFiles.CONFIGURATION, ModelFiles.GENERATION)) {
            JsonNode published = published(file);
            assertThat(published.path("bos_token_id").intValue()).as(file).isEqualTo(60);
            assertThat(published.path("eos_token_id").toString()).as(file).isEqualTo("[61,62]");
            assertThat(published.path("pad_token_id").intValue()).as(file).isEqualTo(63);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-own-head", "gpt2-own-head"})
    void aHeadOfItsOwnIsPublishedUntied(String family) throws Exception {
        importFamily(family);

        export();

        assertThat(published("config.json").path("tie_word_embeddings").asBoolean(true)).isFalse();
        store.download(PUBLISHED + "model.safetensors", local("published.safetensors"));
        try (SafetensorsFile published = SafetensorsFile.open(local("published.safetensors"));
                SafetensorsFile base = head()) {
            assertThat(
                            published
                                    .tensor("lm_head.weight")
                                    .bytes()
                                    .mismatch(base.tensor("lm_head.weight").bytes()))
                    .isEqualTo(-1);
        }
    }

    /// The file of the base model that has the head.
    private SafetensorsFile head() {
        for (Path file : HuggingFaceDirectory.open(folder).weightFiles()) {
            SafetensorsFile tensors = SafetensorsFile.open(file);
            if (tensors.find("lm_head.weight").isPresent()) {
                return tensors;
            }
            tensors.close();
        }
        throw new IllegalStateException("no head");
    }

    private JsonNode published(String name) throws IOException {
        return Json.mapper().readTree(store.get(PUBLISHED + name));
    }

    private void importFamily(String family) throws Exception {
        try (var files = Files.list(resource("families/" + family))) {
            for (Path file : files.toList()) {
                if (!file.endsWith("expected.safetensors")) {
                    store.put(BASE + file.getFileName(), file);
                }
            }
        }
        importTokenizerFile(ModelFiles.TOKENIZER);
        store.list(BASE).forEach(object -> store.download(object.key(), local(object.key())));
    }

    private void importTokenizerFile(String name) throws Exception {
        store.put(BASE + name, resource("tokenizer/" + name));
    }

    private Path local(String key) {
        return folder.resolve(key.substring(key.lastIndexOf('/') + 1));
    }

    private void export() {
        export(BASE + ModelFiles.TOKENIZER);
    }

    private void export(String tokenizerKey) {
        HuggingFaceDirectory model = HuggingFaceDirectory.open(folder);
        ElementType dtype =
                List.of(ElementType.values()).stream()
                        .filter(type -> type.word().equals(model.configuration().dtype()))
                        .findFirst()
                        .orElseThrow();
        ExportLaunch launch =
                new ExportLaunch(
                        "r",
                        "release",
                        "",
                        folder.resolve("scratch").toString(),
                        folder.resolve("cache").toString(),
                        new StoreAddress("http://localhost", "us-east-1", "bucket", "", true),
                        SmallPlans.plan(
                                "p",
                                model.configuration().architecture(),
                                StageBuilder.small().build(),
                                new Stage.Export(
                                        "release",
                                        "adapt",
                                        List.of(Stage.Format.HUGGINGFACE),
                                        dtype,
                                        Stage.ExportedWeights.TRAINED)),
                        checkpoint(model, tokenizerKey),
                        TARGET,
                        List.of(Stage.Format.HUGGINGFACE),
                        new Lineage(trainedOn(model, tokenizerKey), List.of()));
        new Export(launch, store).run();
    }

    private static TrainedOn trainedOn(HuggingFaceDirectory model, String tokenizerKey) {
        return Inputs.of(model.configuration().architecture(), tokenizerKey, BASE, Map.of());
    }

    /// Of the weights as they were imported.
    private String checkpoint(HuggingFaceDirectory model, String tokenizerKey) {
        ParameterLayout layout = ParameterLayout.of(model.configuration().architecture());
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            HuggingFaceWeights.load(folder, layout, weights);
            CheckpointManifest.Shard shard =
                    WeightsShard.write(
                            store,
                            "runs/r/adapt/checkpoints/1/shard-0.safetensors",
                            layout,
                            weights);
            CheckpointManifest manifest =
                    new CheckpointManifest(
                            CheckpointManifest.VERSION,
                            "r",
                            "adapt",
                            "short",
                            1,
                            1,
                            1,
                            List.of(shard),
                            trainedOn(model, tokenizerKey),
                            Map.of(),
                            "none",
                            0,
                            "2026-01-01T00:00:00Z");
            String key = "runs/r/adapt/checkpoints/1/manifest.json";
            store.put(key, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
            return key;
        }
    }

    private void keep(String family) throws IOException {
        String exports = System.getProperty("tanren.exports");
        if (exports == null) {
            return;
        }
        for (Map.Entry<String, String> kept :
                Map.of(BASE, "base", PUBLISHED, "export").entrySet()) {
            Path target = Files.createDirectories(Path.of(exports, family, kept.getValue()));
            for (var object : store.list(kept.getKey())) {
                store.download(
                        object.key(),
                        target.resolve(object.key().substring(kept.getKey().length())));
            }
        }
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(ExportedModelTest.class.getResource("/" + name), name)
                        .toURI());
    }
}
