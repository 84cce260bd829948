package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DamageTest extends CheckpointTest {

    private interface Damage {
        void to(Path file) throws IOException;
    }

    @Test
    void aDamagedCheckpointIsQuarantinedAndTheOneBeforeIsUsed() throws IOException {
        List<Damage> damages =
                List.of(DamageTest::truncate, DamageTest::flip, Files::delete, DamageTest::clear);
        Attempt attempt = begin();
        Committed good = checkpoints.commit(save(attempt, 1, "short"));
        long step = 1;
        for (Damage damage : damages) {
            for (boolean manifest : List.of(false, true)) {
                Committed damaged = checkpoints.commit(save(attempt, ++step, "short"));
                String shard = damaged.manifest().shards().getLast().key();
                damage.to(onDisk(manifest ? damaged.manifestKey() : shard));
                assertThat(checkpoints.latestValid(RUN, STAGE)).contains(good);
                assertThat(
                                registry.checkpoints()
                                        .find(RUN, STAGE, step)
                                        .orElseThrow()
                                        .quarantined())
                        .isNotEmpty();
            }
        }
        assertThat(committedSteps()).containsExactly(1L);
        assertThat(events().stream().filter("checkpoint.quarantined"::equals)).hasSize(8);
    }

    @Test
    void whereNoneIsLeftTheNewestIsNamed() throws IOException {
        Attempt attempt = begin();
        for (long step : List.of(10L, 20L)) {
            Committed damaged = checkpoints.commit(save(attempt, step, "short"));
            flip(onDisk(damaged.manifest().shards().getFirst().key()));
        }

        assertThatThrownBy(() -> checkpoints.latestValid(RUN, STAGE))
                .hasMessageContaining("0000000020")
                .message()
                .doesNotContain("0000000010");
    }

    @Test
    void aQuarantinedStepCanBeCommittedAnew() throws IOException {
        Committed damaged = checkpoints.commit(save(begin(), 20, "short"));
        flip(onDisk(damaged.manifest().shards().getFirst().key()));
        expect(ErrorCode.CHECKPOINT_NONE_VALID, () -> checkpoints.latestValid(RUN, STAGE));
        expect(ErrorCode.CHECKPOINT_NONE_VALID, () -> checkpoints.latestValid(RUN, STAGE));

        Committed again = checkpoints.commit(save(begin(), 20, "short"));
        assertThat(again.manifestKey()).isNotEqualTo(damaged.manifestKey());
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(again);
    }

    @Test
    void verifyNamesEveryShardThatIsWrong() throws IOException {
        CheckpointManifest manifest = checkpoints.commit(save(begin(), 20, "short")).manifest();
        truncate(onDisk(manifest.shards().getFirst().key()));
        Files.delete(onDisk(manifest.shards().getLast().key()));
        assertThat(checkpoints.verify(manifest))
                .hasSize(2)
                .satisfies(problems -> assertThat(problems.getFirst()).contains("bytes, not"))
                .satisfies(problems -> assertThat(problems.getLast()).contains("is missing"));
    }

    @Test
    void anUnreachableStoreQuarantinesNothing() {
        checkpoints.commit(save(begin(), 20, "short"));
        try (S3ObjectStore nowhere =
                S3ObjectStore.connect(
                        new dev.tanren.storage.objects.StoreAddress(
                                "http://127.0.0.1:1", "us-east-1", "nowhere", "", true),
                        "key",
                        "secret",
                        TransferSettings.standard().withRetries(EmbeddedS3.quick()))) {
            expect(ErrorCode.STORE_UNREACHABLE, () -> over(nowhere).latestValid(RUN, STAGE));
        }
        assertThat(committedSteps()).containsExactly(20L);
    }

    private static void truncate(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(open.length() - 5);
        }
    }

    private static void flip(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(open.length() - 9);
            int old = open.read();
            open.seek(open.length() - 9);
            open.write(old ^ 4);
        }
    }

    private static void clear(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(0);
        }
    }
}
