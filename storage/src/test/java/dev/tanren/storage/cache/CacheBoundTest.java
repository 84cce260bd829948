package dev.tanren.storage.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheBoundTest {

    @TempDir private Path cache;

    @Test
    void whatWasUsedLeastRecentlyGoesFirstUntilTheRestFits() throws Exception {
        Path oldest = entry("tokens/a", 40, Duration.ofHours(3));
        Path model = entry("models/m/model.safetensors", 40, Duration.ofHours(2));
        Path newest = entry("tokens/c", 40, Duration.ofHours(1));

        assertThat(new CacheBound(cache, 100).evict()).isEqualTo(40);

        assertThat(oldest).doesNotExist();
        assertThat(model).exists();
        assertThat(newest).exists();
        assertThat(new CacheBound(cache, 50).evict()).isEqualTo(40);
        assertThat(model.getParent()).doesNotExist();
        assertThat(newest).exists();
    }

    @Test
    void aCacheThatFitsKeepsAll() throws Exception {
        Path file = entry("tokens/a", 40, Duration.ofHours(3));

        assertThat(new CacheBound(cache, 40).evict()).isZero();

        assertThat(file).exists();
    }

    @Test
    void whatALivingProcessHoldsStaysAndGoesWhenThatIsKilled() throws Exception {
        Path held = entry("tokens/a", 40, Duration.ofHours(3));
        Path other = entry("tokens/b", 40, Duration.ofHours(1));
        Process process = HoldsEntry.start(held);
        try {
            assertThat(new CacheBound(cache, 10).evict()).isEqualTo(40);

            assertThat(held).exists();
            assertThat(other).doesNotExist();
        } finally {
            process.destroyForcibly().waitFor();
        }

        assertThat(new CacheBound(cache, 10).evict()).isEqualTo(40);
        assertThat(held).doesNotExist();
    }

    @Test
    void whatThisProcessHoldsStays() throws Exception {
        Path held = entry("tokens/a", 40, Duration.ofHours(3));
        CacheUse.hold(held);
        CacheUse.hold(held);

        assertThat(new CacheBound(cache, 10).evict()).isZero();

        assertThat(held).exists();
    }

    @Test
    void holdingAnEntryIsUsingIt() throws Exception {
        Path first = entry("tokens/a", 40, Duration.ofHours(3));
        Path second = entry("tokens/b", 40, Duration.ofHours(2));
        HoldsEntry.start(first).destroyForcibly().waitFor();

        new CacheBound(cache, 50).evict();

        assertThat(first).exists();
        assertThat(second).doesNotExist();
    }

    @Test
    void downloadsThatNobodyGoesOnWithGoAndOthersStay() throws Exception {
        Path abandoned = entry("tokens/a.1.part", 40, Duration.ofHours(2));
        Path underWay = entry("tokens/b.2.part", 40, Duration.ofMinutes(2));

        new CacheBound(cache, 1_000).evict();

        assertThat(abandoned).doesNotExist();
        assertThat(underWay).exists();
    }

    @Test
    void aCacheThatIsNotThereYetIsEmpty() {
        assertThat(new CacheBound(cache.resolve("none"), 10).evict()).isZero();
    }

    private Path entry(String name, int bytes, Duration age) throws Exception {
        Path file = cache.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[bytes]);
        FileTime then = FileTime.from(Instant.now().minus(age));
        Files.setLastModifiedTime(file, then);
        if (name.startsWith("models/")) {
            Files.setLastModifiedTime(file.getParent(), then);
        }
        return file;
    }
}
