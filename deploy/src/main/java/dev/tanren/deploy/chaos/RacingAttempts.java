package dev.tanren.deploy.chaos;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.checkpoint.StateHash;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import dev.tanren.storage.registry.Registry;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/// Attempts at one stage without ranks, and what they save: one small tensor, whose values follow
/// from step and attempt.
///
/// @param run that is recorded and has no workflow
record RacingAttempts(Registry registry, ObjectStore objects, String run) {

    static final String STAGE = ChaosPlan.STAGE;

    private static final String PHASE = "short";
    private static final int ELEMENTS = 256;
    private static final TrainedOn TRAINED_ON =
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
                    Map.of());

    /// Each refusal means that another has begun, so this ends.
    Attempt begin() {
        while (true) {
            try {
                Attempt begun =
                        registry.attempts()
                                .begin(
                                        new NewAttempt(
                                                run,
                                                1,
                                                STAGE,
                                                PHASE,
                                                "chaos",
                                                1,
                                                UUID.randomUUID().toString(),
                                                registry.attempts().newestToken(run, STAGE)))
                                .orElseThrow();
                return registry.attempts().start(begun, 0);
            } catch (TanrenException late) {
                if (late.code() != ErrorCode.RANK_PREEMPTED
                        && late.code() != ErrorCode.CHECKPOINT_STALE_ATTEMPT) {
                    throw late;
                }
            }
        }
    }

    /// Writes a shard.
    ///
    /// @return the manifest that names it, not yet committed
    CheckpointManifest save(Attempt attempt, long step) {
        byte[] values = new byte[ELEMENTS * Float.BYTES];
        new Random(attempt.fencingToken() * 31 + step).nextBytes(values);
        ShardWriter.Slice slice =
                new ShardWriter.Slice(
                        "norm", List.of((long) ELEMENTS), MemorySegment.ofArray(values));
        String key = CheckpointLayout.shardKey(run, STAGE, step, attempt.fencingToken(), "00000");
        List<CheckpointManifest.Shard> shards =
                List.of(new ShardWriter(objects).write(key, List.of(slice)));
        return new CheckpointManifest(
                CheckpointManifest.VERSION,
                run,
                STAGE,
                PHASE,
                step,
                attempt.attempt(),
                attempt.fencingToken(),
                shards,
                TRAINED_ON,
                Map.of(),
                StateHash.of(shards),
                1,
                Instant.now().toString());
    }
}
