package dev.tanren.deploy.bench;

import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/// A dataset of random tokens, for benchmarks that ask nothing of what they train on.
final class RandomTokens {

    static final String MANIFEST = "datasets/random/manifest.json";

    private static final long SEED = 17;

    private RandomTokens() {}

    /// Stores one sequence of tokens to train on and one that is held out, under [#MANIFEST].
    ///
    /// @param vocabulary at most 65,536
    /// @param folder for a file that goes again
    static void store(TemporaryStore store, Path folder, int vocabulary, int training, int heldOut)
            throws IOException {
        try (ObjectStore objects = S3ObjectStore.connect(store.environment())) {
            store(objects, folder, vocabulary, training, heldOut);
        }
    }

    private static void store(
            ObjectStore store, Path folder, int vocabulary, int training, int heldOut)
            throws IOException {
        DatasetManifest manifest =
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        "ids",
                        "random",
                        vocabulary,
                        false,
                        List.of(shard(store, folder, "training", vocabulary, training)),
                        List.of(shard(store, folder, "held-out", vocabulary, heldOut)),
                        DatasetManifest.Statistics.of(2, (long) training + heldOut));
        store.put(MANIFEST, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
    }

    private static DatasetManifest.Shard shard(
            ObjectStore store, Path folder, String name, int vocabulary, int tokens)
            throws IOException {
        TokenShardWriter writer = new TokenShardWriter(2);
        writer.add(new SplittableRandom(SEED).ints(tokens, 0, vocabulary).toArray(), 0, tokens);
        Path file = folder.resolve(name);
        TokenShardWriter.Written written = writer.write(file);
        String key = "datasets/random/" + name + ".tokens";
        store.put(key, Files.readAllBytes(file));
        Files.delete(file);
        return new DatasetManifest.Shard(
                key,
                "gold",
                written.documents(),
                written.tokens(),
                written.bytes(),
                written.sha256());
    }
}
