package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.checkpoint.CheckpointManifest.Shard;
import dev.tanren.storage.checkpoint.CheckpointReader.Target;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.storage.testing.SmallCheckpoints;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ShardsTest {

    private static final int WIDE = 6_000_000;
    private static EmbeddedS3 s3;
    private static S3ObjectStore objects;
    private static MemorySegment wide;
    private static MemorySegment narrow;
    private static CheckpointManifest manifest;

    @BeforeAll
    static void save() {
        s3 = EmbeddedS3.start();
        objects = s3.store("shards");
        wide = values(WIDE, 1);
        narrow = values(60, 2);
        // Rank 0 holds a third of the wide tensor and the narrow one, rank 1 the rest.
        ShardWriter writer = new ShardWriter(objects);
        List<Long> shape = List.of(3L, WIDE / 3L);
        long third = WIDE / 3L;
        manifest =
                manifest(
                        writer.write(
                                key("0"),
                                List.of(
                                        new ShardWriter.Slice(
                                                "wide", shape, 0, wide.asSlice(0, third * 4)),
                                        new ShardWriter.Slice("narrow", List.of(5L, 12L), narrow))),
                        writer.write(
                                key("1"),
                                List.of(
                                        new ShardWriter.Slice(
                                                "wide", shape, third, wide.asSlice(third * 4)))));
    }

    @AfterAll
    static void stop() {
        objects.close();
        s3.close();
    }

    @Test
    void aShardIsASafetensorsFileWhoseHashesAreThoseOfItsBytes() {
        Shard shard = manifest.shards().getFirst();
        byte[] bytes = objects.get(shard.key());
        assertThat(shard.sha256()).isEqualTo(Sha256.of(bytes));
        assertThat(shard.bytes()).isEqualTo(bytes.length);
        SafetensorsFile file = SafetensorsFile.of(shard.key(), MemorySegment.ofArray(bytes));
        assertThat(file.tensor("narrow").bytes().mismatch(narrow)).isEqualTo(-1);
        assertThat(file.tensor("wide@0").shape()).containsExactly(WIDE / 3L);
        for (CheckpointManifest.Tensor tensor : shard.tensors()) {
            MemorySegment slice =
                    MemorySegment.ofArray(bytes)
                            .asSlice(tensor.byteOffset(), tensor.elements() * 4);
            assertThat(Sha256.of(slice)).isEqualTo(tensor.sha256());
        }
    }

    @Test
    void anyOtherLayoutLoadsIt() {
        long half = WIDE / 2L;
        MemorySegment first = target(half);
        MemorySegment second = target(half);
        MemorySegment middle = target(20);
        new CheckpointReader(objects)
                .load(
                        manifest,
                        List.of(
                                new Target("wide", 0, first),
                                new Target("wide", half, second),
                                new Target("narrow", 12, middle)));
        assertThat(first.mismatch(wide.asSlice(0, half * 4))).isEqualTo(-1);
        assertThat(second.mismatch(wide.asSlice(half * 4))).isEqualTo(-1);
        assertThat(middle.mismatch(narrow.asSlice(48, 80))).isEqualTo(-1);
    }

    @Test
    void aTensorThatIsNotThereIsNamed() {
        CheckpointReader reader = new CheckpointReader(objects);
        CheckpointTest.expect(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                () -> reader.load(manifest, List.of(new Target("other", 0, target(1)))));
        CheckpointTest.expect(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                () -> reader.load(manifest, List.of(new Target("narrow", 50, target(20)))));
    }

    @Test
    void aFlippedBitIsFoundWhileLoading() throws IOException {
        Shard shard =
                new ShardWriter(objects)
                        .write(key("2"), List.of(new ShardWriter.Slice("n", List.of(60L), narrow)));
        Path file = s3.folder().resolve("shards/tanren/" + shard.key());
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(shard.bytes() - 1);
            int last = open.read();
            open.seek(shard.bytes() - 1);
            open.write(last ^ 1);
        }
        CheckpointTest.expect(
                ErrorCode.OBJECT_CORRUPT,
                () ->
                        new CheckpointReader(objects)
                                .load(manifest(shard), List.of(new Target("n", 0, target(60)))));
    }

    private static CheckpointManifest manifest(Shard... shards) {
        List<Shard> list = List.of(shards);
        return new CheckpointManifest(
                CheckpointManifest.VERSION,
                "r",
                "s",
                "p",
                1,
                1,
                7,
                list,
                SmallCheckpoints.TRAINED_ON,
                Map.of(),
                StateHash.of(list),
                1.0,
                "now");
    }

    private static String key(String name) {
        return CheckpointLayout.shardKey("r", "s", 1, 7, name);
    }

    private static MemorySegment target(long elements) {
        return Arena.ofAuto().allocate(elements * 4);
    }

    private static MemorySegment values(int elements, long seed) {
        byte[] bytes = new byte[elements * 4];
        new Random(seed).nextBytes(bytes);
        return target(elements).copyFrom(MemorySegment.ofArray(bytes));
    }
}
