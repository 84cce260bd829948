package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointManifest.Shard;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
    static final int ELEMENTS = 256;

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
        return new ObjectCheckpointStore(store, registry.checkpoints(), registry.events());
    }

    Attempt begin() {
        return registry.attempts()
                .begin(RUN, STAGE, "short", "worker", 2, 0, UUID.randomUUID().toString());
    }

    /// Writes two shards and returns the manifest that names them, not yet committed.
    CheckpointManifest save(Attempt attempt, long step, String phase) {
        return save(objects, attempt, step, phase);
    }

    static CheckpointManifest save(ObjectStore store, Attempt attempt, long step, String phase) {
        ShardWriter writer = new ShardWriter(store);
        List<Shard> shards =
                List.of(
                        writer.write(
                                key(attempt, step, "00000"),
                                List.of(slice("embed.weight", 0, step), slice("norm", 0, step))),
                        writer.write(
                                key(attempt, step, "00001"),
                                List.of(slice("embed.weight", ELEMENTS / 2, step))));
        return new CheckpointManifest(
                CheckpointManifest.VERSION,
                RUN,
                STAGE,
                phase,
                step,
                attempt.attempt(),
                attempt.fencingToken(),
                shards,
                Map.of("data.offset", Long.toString(step * 100)),
                StateHash.of(shards),
                3.5 - step / 100.0,
                Instant.now().toString());
    }

    static String key(Attempt attempt, long step, String name) {
        return CheckpointLayout.shardKey(RUN, STAGE, step, attempt.fencingToken(), name);
    }

    private static ShardWriter.Slice slice(String name, long first, long step) {
        MemorySegment whole = MemorySegment.ofArray(values(name, step));
        if (name.equals("norm")) {
            return new ShardWriter.Slice(name, List.of((long) ELEMENTS), whole);
        }
        MemorySegment half = whole.asSlice(first * 4, ELEMENTS / 2 * 4L);
        return new ShardWriter.Slice(name, List.of(16L, ELEMENTS / 16L), first, half);
    }

    static byte[] values(String name, long step) {
        byte[] values = new byte[ELEMENTS * 4];
        new Random(name.hashCode() + step).nextBytes(values);
        return values;
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

    static void expect(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }
}
