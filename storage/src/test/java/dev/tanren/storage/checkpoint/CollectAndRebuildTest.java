package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints.Row;
import io.minio.CreateMultipartUploadArgs;
import io.minio.MinioAsyncClient;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CollectAndRebuildTest extends CheckpointTest {

    @Test
    void theNewestAndTheLastOfEachPhaseStay() {
        Attempt attempt = begin();
        for (long step = 1; step <= 8; step++) {
            checkpoints.commit(save(attempt, step, step <= 3 ? "short" : "long"));
        }
        checkpoints.collect(RUN, STAGE, 2);
        assertThat(committedSteps()).containsExactly(8L, 7L, 3L);
        assertThat(keys()).hasSize(3 * 4);
        registry.checkpoints().list(RUN, STAGE).forEach(row -> assertThat(problems(row)).isEmpty());
    }

    @Test
    void whatDeadAttemptsLeftGoesAndWhatACurrentOneSavesStays() {
        Attempt dead = begin();
        FailingStore failing = new FailingStore(objects, 3, true);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(save(failing, dead, 5, "short")));
        Attempt second = begin();
        Committed committed = checkpoints.commit(save(second, 5, "short"));
        save(second, 10, "short");
        Attempt current = begin();
        save(current, 15, "short");
        assertThat(keys()).hasSize(3 + 4 + 2 + 2);

        checkpoints.collect(RUN, STAGE, 3);
        assertThat(keys()).hasSize(4 + 2 + 2).noneMatch(key -> key.contains(token(dead)));

        checkpoints.commit(save(current, 20, "short"));
        checkpoints.collect(RUN, STAGE, 3);
        assertThat(keys()).noneMatch(key -> key.contains("0000000010/"));
        assertThat(keys()).anyMatch(key -> key.contains("0000000015/"));
        assertThat(checkpoints.verify(committed.manifest())).isEmpty();
    }

    @Test
    void uploadsThatKilledProcessesLeftGoAndThoseUnderWayStay() {
        Attempt dead = begin();
        Attempt current = begin();
        checkpoints.commit(save(current, 10, "short"));
        String abandoned = beginUpload(dead, 5);
        String underWay = beginUpload(current, 15);
        assertThat(uploads()).containsExactlyInAnyOrder(abandoned, underWay);

        checkpoints.collect(RUN, STAGE, 3);

        assertThat(uploads()).containsExactly(underWay);
        objects.abort(objects.incompleteUploads("runs/").getFirst());
        assertThat(uploads()).isEmpty();
    }

    @Test
    void anUploadIsAbandonedByItsTokenOrByItsAge() {
        Instant now = Instant.now();
        String stage = CheckpointLayout.stagePrefix(RUN, STAGE);
        String shard = CheckpointLayout.shardKey(RUN, STAGE, 5, 3, "0");

        assertThat(abandoned(shard, stage, 4, now, now)).isTrue();
        assertThat(abandoned(shard, stage, 3, now, now)).isFalse();
        assertThat(abandoned(shard, "runs/other/", 4, now, now)).isFalse();
        assertThat(abandoned(shard, stage, 3, now.minus(Duration.ofHours(25)), now)).isTrue();
        assertThat(abandoned("runs/a/logs/x", stage, 9, now.minus(Duration.ofHours(23)), now))
                .isFalse();
    }

    private static boolean abandoned(
            String key, String stage, long newestToken, Instant begun, Instant now) {
        return CheckpointCollector.abandoned(
                new IncompleteUpload(key, "upload", begun), stage, newestToken, now);
    }

    private List<String> uploads() {
        return objects.incompleteUploads("runs/" + RUN + "/").stream()
                .map(IncompleteUpload::key)
                .toList();
    }

    /// What a process has done that is killed between two parts.
    private String beginUpload(Attempt attempt, long step) {
        String key = CheckpointLayout.shardKey(RUN, STAGE, step, attempt.fencingToken(), "9");
        try (MinioAsyncClient client =
                MinioAsyncClient.builder()
                        .endpoint(s3.endpoint())
                        .region("us-east-1")
                        .credentials(s3.accessKey(), s3.secretKey())
                        .build()) {
            client.createMultipartUpload(
                            CreateMultipartUploadArgs.builder()
                                    .bucket(bucket)
                                    .object("tanren/" + key)
                                    .build())
                    .get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return key;
    }

    @Test
    void collectKilledAnywhereLeavesNoRowThatNamesWhatIsGone() {
        for (int write = 1; write <= 6; write++) {
            Attempt attempt = begin();
            long first = write * 10L;
            LongStream.range(first, first + 3)
                    .forEach(step -> checkpoints.commit(save(attempt, step, "short")));
            FailingStore failing = new FailingStore(objects, write, write % 2 == 0);
            try {
                over(failing).collect(RUN, STAGE, 1);
            } catch (FailingStore.Killed e) {
                assertThat(e).isNotNull();
            }
            registry.checkpoints()
                    .list(RUN, STAGE)
                    .forEach(row -> assertThat(problems(row)).isEmpty());
        }
        checkpoints.commit(save(begin(), 100, "short"));
        checkpoints.collect(RUN, STAGE, 1);
        assertThat(committedSteps()).containsExactly(100L);
        assertThat(keys()).hasSize(4);
    }

    @Test
    void theRegistryIsRebuiltFromTheManifestsAlone() throws Exception {
        Attempt dead = begin();
        FailingStore failing = new FailingStore(objects, 3, true);
        assertThatExceptionOfType(FailingStore.Killed.class)
                .isThrownBy(() -> over(failing).commit(save(failing, dead, 5, "short")));
        Attempt attempt = begin();
        Committed replaced = checkpoints.commit(save(attempt, 5, "short"));
        Committed whole = checkpoints.commit(save(attempt, 6, "short"));
        Committed broken = checkpoints.commit(save(attempt, 7, "short"));
        List<Row> before = registry.checkpoints().list(RUN, STAGE);
        Files.delete(onDisk(broken.manifest().shards().getFirst().key()));
        before.forEach(row -> registry.checkpoints().delete(RUN, STAGE, row.step()));

        assertThat(checkpoints.rebuild(RUN)).isEqualTo(2);
        assertThat(checkpoints.rebuild(RUN)).isEqualTo(2);
        assertThat(registry.checkpoints().list(RUN, STAGE))
                .extracting(Row::manifestKey)
                .containsExactly(whole.manifestKey(), replaced.manifestKey());
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(whole);
    }

    private List<String> problems(Row row) {
        return checkpoints.verify(checkpoints.read(row.manifestKey()));
    }

    private List<String> keys() {
        return objects.list("runs/" + RUN + "/").stream().map(StoredObject::key).toList();
    }

    private static String token(Attempt attempt) {
        return "%012d".formatted(attempt.fencingToken());
    }
}
