package dev.tanren.storage.tokens.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.storage.tokens.DatasetManifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ShardCacheTest {

    private static final int READERS = 8;

    /// Each reader has a cache object of its own, as the ranks of a node have in their processes:
    /// all they share is the folder.
    @Test
    @Timeout(120)
    void readersAtTheSameMomentAllGetTheWholeShardAlsoWhenADamagedOneIsInPlace(@TempDir Path folder)
            throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(3).nextBytes(bytes);
        DatasetManifest.Shard shard =
                new DatasetManifest.Shard(
                        "datasets/a/gold-0", "gold", 1, 9, bytes.length, Sha256.of(bytes));
        Path file = folder.resolve("tokens").resolve(shard.sha256());
        Files.createDirectories(file.resolveSibling("."));
        try (EmbeddedS3 s3 = EmbeddedS3.start();
                ObjectStore store = s3.store("shards");
                ExecutorService executor = Executors.newFixedThreadPool(READERS)) {
            store.put(shard.key(), bytes);
            for (int round = 0; round < 5; round++) {
                Files.write(file, new byte[round * 100_000 % 400_000]);
                CountDownLatch start = new CountDownLatch(1);
                List<Future<byte[]>> readers = new ArrayList<>();
                for (int reader = 0; reader < READERS; reader++) {
                    ShardCache cache = new ShardCache(store, folder, () -> {});
                    readers.add(
                            executor.submit(
                                    () -> {
                                        start.await();
                                        return Files.readAllBytes(cache.fetch(shard));
                                    }));
                }
                start.countDown();
                for (Future<byte[]> reader : readers) {
                    assertThat(reader.get()).isEqualTo(bytes);
                }
            }
            try (var left = Files.list(folder.resolve("tokens"))) {
                assertThat(left).as("what is left in the cache").containsExactly(file);
            }
        }
    }
}
