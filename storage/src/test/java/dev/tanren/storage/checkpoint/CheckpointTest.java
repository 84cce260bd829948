package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.storage.testing.SmallCheckpoints;
import dev.tanren.storage.testing.StartedAttempt;
import io.minio.CreateMultipartUploadArgs;
import io.minio.MinioAsyncClient;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/// What the checkpoint tests share: a real S3 server and a real PostgreSQL a class, a new bucket
/// and an empty registry with one run a test.
abstract class CheckpointTest {

    static final String RUN = "01run";
    static final String STAGE = "adapt";

    static EmbeddedS3 s3;
    static EmbeddedDatabase database;
    String bucket = "";
    S3ObjectStore objects;
    PostgresRegistry registry;
    ObjectCheckpointStore checkpoints;

    @BeforeAll
    static void startServers() {
        s3 = EmbeddedS3.start();
        database = EmbeddedDatabase.start();
    }

    @AfterAll
    static void stopServers() {
        s3.close();
        database.close();
    }

    @BeforeEach
    void connect() {
        bucket = "b-" + UUID.randomUUID();
        objects = s3.store(bucket);
        registry = PostgresRegistry.connect(database.fresh());
        registry.runs()
                .create(
                        new NewRun(
                                RUN,
                                "run",
                                "{}",
                                null,
                                "mei",
                                List.of(new NewStage(STAGE, "cpt", 40))));
        checkpoints = over(objects);
    }

    @AfterEach
    void disconnect() {
        registry.close();
        objects.close();
    }

    ObjectCheckpointStore over(ObjectStore store) {
        return new ObjectCheckpointStore(store, registry);
    }

    Attempt begin() {
        return StartedAttempt.begin(
                registry, RUN, STAGE, "short", "worker", 2, 0, UUID.randomUUID().toString());
    }

    /// Writes two shards and returns the manifest that names them, not yet committed.
    CheckpointManifest save(Attempt attempt, long step, String phase) {
        return save(objects, attempt, step, phase);
    }

    static CheckpointManifest save(ObjectStore store, Attempt attempt, long step, String phase) {
        return SmallCheckpoints.save(store, attempt, step, phase);
    }

    Path onDisk(String key) {
        return s3.folder().resolve(bucket).resolve("tanren/" + key);
    }

    List<String> events() {
        return registry.events().after(RUN, 0, 1000).stream()
                .filter(event -> event.type().startsWith("checkpoint."))
                .map(Event::type)
                .toList();
    }

    List<Long> committedSteps() {
        return registry.checkpoints().list(RUN, STAGE).stream().map(row -> row.step()).toList();
    }

    List<String> keys() {
        return objects.list("runs/" + RUN + "/").stream().map(StoredObject::key).toList();
    }

    List<String> uploads() {
        return objects.incompleteUploads("runs/" + RUN + "/").stream()
                .map(IncompleteUpload::key)
                .toList();
    }

    /// What a process has done that is killed between two parts.
    void beginUpload(String key) {
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
    }

    static void expect(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }
}
