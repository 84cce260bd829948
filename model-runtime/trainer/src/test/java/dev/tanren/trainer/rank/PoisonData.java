package dev.tanren.trainer.rank;

import dev.tanren.launch.InitialState;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import dev.tanren.trainer.checkpoint.WeightsShard;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Documents that count upwards, in the order that they are trained in, eight a step: but for a
/// token whose embedding is not a number, and for one step of documents that count downwards.
final class PoisonData {

    /// Steps with one document that holds the bad token.
    static final Set<Long> POISONED = Set.of(7L, 9L, 11L);

    /// The step of documents that are the other way round.
    static final long REVERSED = 50;

    static final int STEPS = 54;

    private static final String DATA = "datasets/poison/manifest.json";
    private static final int LENGTH = 16;
    private static final int BAD_TOKEN = 95;
    static final Architecture ARCHITECTURE =
            new Architecture(
                    Architecture.Family.LLAMA, 96, 32, 2, 4, 2, 48, null, false, 10_000, 1e-5, 64);

    private PoisonData() {}

    /// The name of the document with the bad token of a step, which is its fourth.
    static String poisoned(long step) {
        return "code/16#" + (8 * (step - 1) + 3);
    }

    static Plan plan(Anomalies anomalies) {
        return SmallPlans.plan(
                "poison",
                ARCHITECTURE,
                Map.of("code", SmallPlans.dataset(Dataset.Order.SEQUENTIAL)),
                StageBuilder.of(TinyPlan.stage(2))
                        .phases(StageBuilder.phase("short", LENGTH, 128 * STEPS))
                        .evaluation(null)
                        .anomalies(anomalies)
                        .build());
    }

    /// Stores the dataset and gives its manifest's key.
    static Map<String, String> store(ObjectStore store, Path folder) throws IOException {
        TokenShardWriter writer = new TokenShardWriter(2);
        for (int document = 0; document < 8 * STEPS; document++) {
            long step = document / 8 + 1L;
            int[] ids = new int[LENGTH];
            for (int i = 0; i < LENGTH; i++) {
                int way = step == REVERSED ? -i : i;
                ids[i] = Math.floorMod(document * 37 + way, 90);
            }
            if (POISONED.contains(step) && document % 8 == 3) {
                ids[5] = BAD_TOKEN;
            }
            writer.add(ids, 0, ids.length);
        }
        Path file = folder.resolve("poison");
        TokenShardWriter.Written written = writer.write(file);
        store.put("datasets/poison.tokens", Files.readAllBytes(file));
        DatasetManifest.Shard shard =
                new DatasetManifest.Shard(
                        "datasets/poison.tokens",
                        "gold",
                        written.documents(),
                        written.tokens(),
                        written.bytes(),
                        written.sha256());
        DatasetManifest manifest =
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        "poison",
                        "poison",
                        ARCHITECTURE.vocabSize(),
                        true,
                        List.of(shard),
                        List.of(shard),
                        DatasetManifest.Statistics.of(8 * STEPS, 0));
        store.put(DATA, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
        return Map.of("code", DATA);
    }

    /// Stores fresh weights in which the bad token's embedding is not a number.
    static InitialState.Weights weights(ObjectStore store) {
        NativeRuntime.configure(1);
        ParameterLayout layout = ParameterLayout.of(ARCHITECTURE);
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            Initialisation.random(layout, weights, 17);
            weights.segment()
                    .setAtIndex(
                            ValueLayout.JAVA_FLOAT,
                            (long) BAD_TOKEN * ARCHITECTURE.hiddenSize(),
                            Float.NaN);
            CheckpointManifest.Shard shard =
                    WeightsShard.write(store, "runs/poison/weights.safetensors", layout, weights);
            CheckpointManifest manifest =
                    new CheckpointManifest(
                            CheckpointManifest.VERSION,
                            "poison",
                            "before",
                            "only",
                            1,
                            1,
                            1,
                            List.of(shard),
                            Inputs.of(ARCHITECTURE, Map.of("code", DATA)),
                            Map.of(),
                            "",
                            0,
                            "2026-01-01T00:00:00Z");
            String key = "runs/poison/manifest.json";
            store.put(key, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
            return new InitialState.Weights(key);
        }
    }
}
