package dev.tanren.storage.prepared;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreparedObjectsTest {

    private static final TrainedOn TRAINED_ON =
            new TrainedOn(
                    new TrainedOn.Model(
                            SmallPlans.ARCHITECTURE,
                            new TrainedOn.Tokenizer("models/b/tokenizer.json", "t"),
                            new TrainedOn.Base(
                                    "file:/base",
                                    "models/b/",
                                    null,
                                    "b",
                                    List.of(
                                            new TrainedOn.File("config.json", 2, "", "c"),
                                            new TrainedOn.File("model.safetensors", 9, "", "m")))),
                    Map.of("code", new TrainedOn.Data("d", "datasets/d/manifest.json", "")));

    private final MemoryObjectStore store = new MemoryObjectStore();
    private final PreparedObjects objects = new PreparedObjects(store);

    @BeforeEach
    void allIsThere() {
        store.put("models/b/tokenizer.json", new byte[1]);
        store.put("models/b/config.json", new byte[2]);
        store.put("models/b/model.safetensors", new byte[9]);
        store.put("datasets/d/gold-00000.tokens", new byte[8]);
        store.put("datasets/d/heldout-00000.tokens", new byte[4]);
        store.put(
                "datasets/d/manifest.json",
                Json.write(
                                new DatasetManifest(
                                        DatasetManifest.VERSION,
                                        "code",
                                        "d",
                                        64,
                                        true,
                                        List.of(shard("gold", 8)),
                                        List.of(shard("heldout", 4)),
                                        DatasetManifest.Statistics.of(2, 4)))
                        .getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void nothingIsMissingWhereAllIsThere() {
        assertThat(objects.missing(TRAINED_ON)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "models/b/tokenizer.json, the tokenizer",
        "models/b/config.json, the base model",
        "models/b/model.safetensors, the base model",
        "datasets/d/manifest.json, dataset 'code'",
        "datasets/d/gold-00000.tokens, dataset 'code'",
        "datasets/d/heldout-00000.tokens, dataset 'code'"
    })
    void whatIsGoneOrOfAnotherLengthIsNamed(String key, String what) {
        byte[] bytes = store.get(key);
        store.delete(key);
        assertThat(objects.missing(TRAINED_ON)).containsExactly(what);

        store.put(key, bytes);
        assertThat(objects.missing(TRAINED_ON)).isEmpty();
    }

    @Test
    void aFileOfAnotherLengthIsNotTheOne() {
        store.put("models/b/model.safetensors", new byte[8]);
        store.put("datasets/d/gold-00000.tokens", new byte[9]);

        assertThat(objects.missing(TRAINED_ON)).containsExactly("the base model", "dataset 'code'");
    }

    private static DatasetManifest.Shard shard(String tier, long bytes) {
        return new DatasetManifest.Shard(
                "datasets/d/" + tier + "-00000.tokens", tier, 1, bytes / 2, bytes, "s");
    }
}
