package dev.tanren.storage.testing;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.CheckpointManifest.Shard;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.checkpoint.StateHash;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Checkpoints of two shards with two small tensors, whose values follow from the step.
public final class SmallCheckpoints {

    /// What they were trained on.
    public static final TrainedOn TRAINED_ON =
            new TrainedOn(
                    new TrainedOn.Model(
                            new Architecture(
                                    Architecture.Family.LLAMA,
                                    64,
                                    8,
                                    1,
                                    2,
                                    1,
                                    16,
                                    null,
                                    true,
                                    10_000,
                                    1e-5,
                                    64),
                            null,
                            null),
                    Map.of("code", new TrainedOn.Data("cc", "datasets/cc/manifest.json", "")));

    /// Of each tensor.
    private static final int ELEMENTS = 256;

    private SmallCheckpoints() {}

    /// Writes the shards of two ranks and returns the manifest that names them, not yet committed.
    public static CheckpointManifest save(
            ObjectStore store, Attempt attempt, long step, String phase) {
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
                attempt.runId(),
                attempt.stageId(),
                phase,
                step,
                attempt.attempt(),
                attempt.fencingToken(),
                shards,
                TRAINED_ON,
                Map.of("data.offset", Long.toString(step * 100)),
                StateHash.of(shards),
                3.5 - step / 100.0,
                Instant.now().toString());
    }

    public static String key(Attempt attempt, long step, String name) {
        return CheckpointLayout.shardKey(
                attempt.runId(), attempt.stageId(), step, attempt.fencingToken(), name);
    }

    private static ShardWriter.Slice slice(String name, long first, long step) {
        MemorySegment whole = MemorySegment.ofArray(values(name, step));
        if (name.equals("norm")) {
            return new ShardWriter.Slice(name, List.of((long) ELEMENTS), whole);
        }
        MemorySegment half = whole.asSlice(first * 4, ELEMENTS / 2 * 4L);
        return new ShardWriter.Slice(name, List.of(16L, ELEMENTS / 16L), first, half);
    }

    /// A tensor's bytes at a step.
    private static byte[] values(String name, long step) {
        byte[] values = new byte[ELEMENTS * 4];
        new Random(name.hashCode() + step).nextBytes(values);
        return values;
    }
}
