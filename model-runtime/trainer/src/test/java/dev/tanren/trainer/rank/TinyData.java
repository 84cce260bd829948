package dev.tanren.trainer.rank;

import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// Two small datasets with something to learn: each document counts upwards by a step of its
/// own.
final class TinyData {

    private TinyData() {}

    /// Stores the datasets and gives their manifests' keys.
    static Map<String, String> store(ObjectStore store, Path folder) throws IOException {
        Map<String, String> keys = new TreeMap<>();
        for (String name : List.of("code", "prose")) {
            long seed = name.hashCode();
            DatasetManifest manifest =
                    new DatasetManifest(
                            DatasetManifest.VERSION,
                            name,
                            name,
                            TinyPlan.ARCHITECTURE.vocabSize(),
                            true,
                            List.of(shard(store, folder, name + "-training", seed, 60)),
                            List.of(shard(store, folder, name + "-held-out", seed + 1, 12)),
                            DatasetManifest.Statistics.of(72, 0));
            String key = "datasets/" + name + "/manifest.json";
            store.put(key, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
            keys.put(name, key);
        }
        return keys;
    }

    private static DatasetManifest.Shard shard(
            ObjectStore store, Path folder, String name, long seed, int documents)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        TokenShardWriter writer = new TokenShardWriter(2);
        for (int document = 0; document < documents; document++) {
            int[] ids = new int[3 + random.nextInt(30)];
            int step = 1 + random.nextInt(3);
            ids[0] = random.nextInt(TinyPlan.ARCHITECTURE.vocabSize());
            for (int i = 1; i < ids.length; i++) {
                ids[i] = (ids[i - 1] + step) % TinyPlan.ARCHITECTURE.vocabSize();
            }
            writer.add(ids, 0, ids.length);
        }
        Path file = folder.resolve(name);
        TokenShardWriter.Written written = writer.write(file);
        String key = "datasets/" + name + ".tokens";
        store.put(key, Files.readAllBytes(file));
        return new DatasetManifest.Shard(
                key,
                "gold",
                written.documents(),
                written.tokens(),
                written.bytes(),
                written.sha256());
    }
}
