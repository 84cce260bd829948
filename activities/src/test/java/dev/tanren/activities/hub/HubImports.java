package dev.tanren.activities.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.model.ModelPreparation;
import dev.tanren.activities.model.SmallModel;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Imports models of a server that speaks the Hub's API into a real S3 server.
abstract class HubImports {

    static final String URI = "hf://" + FakeHub.REPOSITORY + "@main";
    static final String TOKEN = "hf_canary";

    /// Its weights have more than 3 MiB.
    static final String CONFIGURATION = SmallModel.configuration(49_152);

    static final HubPatience QUICK =
            new HubPatience(
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(20),
                    3,
                    Duration.ofMillis(10),
                    Duration.ofMillis(15),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(5));

    @TempDir Path folder;
    final ObjectStore store;
    HubPatience patience = QUICK;
    final FakeHub server = new FakeHub();
    final Map<String, String> environment = new HashMap<>();
    final List<Duration> waits = new ArrayList<>();
    final byte[] weights = SmallModel.weights(CONFIGURATION);

    /// @param s3 stopped by the test that started it
    HubImports(EmbeddedS3 s3) {
        store = s3.store("platform");
    }

    @BeforeEach
    void aModel() {
        environment.put(HubEndpoint.VARIABLE, server.endpoint());
        server.files.put("config.json", bytes(CONFIGURATION));
        server.files.put("generation_config.json", bytes("{\"eos_token_id\": 2}"));
        server.files.put("tokenizer.json", bytes("{\"a\": 1}"));
        server.files.put("model.safetensors", weights);
        server.files.put("README.md", bytes("not needed"));
        server.files.put("pytorch_model.bin", bytes("a pickle beside them"));
        server.files.put("onnx/model.safetensors", bytes("another's"));
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        store.list("").forEach(object -> store.delete(object.key()));
        store.close();
        if (Files.exists(folder.resolve("scratch"))) {
            try (var left = Files.list(folder.resolve("scratch"))) {
                assertThat(left).as("files left in scratch").isEmpty();
            }
        }
    }

    TrainedOn.Model resolve(String uri) {
        return resolve(new ModelSource.Base(uri));
    }

    TrainedOn.Model resolve(ModelSource source) {
        try (Hub hub = Hub.from(environment, patience, waits::add)) {
            Sources sources =
                    new Sources(
                            new FileRoots(List.of(folder)),
                            new SourceBuckets(List.of(), bucket -> store),
                            hub);
            return new ModelPreparation(store, sources, folder.resolve("scratch"))
                    .resolve(
                            new Plan(Plan.API_VERSION, "p", 1, source, Map.of(), List.of()),
                            Progress.NONE);
        }
    }

    /// A model is there once its config.json is.
    void assertNoModel() {
        assertThat(store.list("models/"))
                .noneMatch(object -> object.key().endsWith("/config.json"))
                .noneMatch(object -> object.key().endsWith(".safetensors"));
    }

    void assertNothingStored() {
        assertThat(store.list("")).isEmpty();
    }

    void assertCode(ErrorCode code, String told, String uri) {
        ThrowingCallable call = () -> resolve(uri);
        assertThatThrownBy(call)
                .hasMessageContaining(told)
                .hasMessageNotContaining(TOKEN)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
