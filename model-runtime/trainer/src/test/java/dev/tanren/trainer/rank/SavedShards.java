package dev.tanren.trainer.rank;

import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.StateHash;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// What the ranks of an attempt saved.
///
/// @param shards all that they reported
/// @param ranks a step is saved once all of them have saved it
record SavedShards(
        Gang.Setting setting, String phase, long token, List<Report.ShardSaved> shards, int ranks) {

    /// The newest step that every rank saved; 0 where there is none.
    long newestStep() {
        return whole().isEmpty() ? 0 : whole().lastEntry().getKey();
    }

    /// Writes a manifest of the newest step that every rank saved.
    InitialState.Resume commit() {
        Map.Entry<Long, List<Report.ShardSaved>> last = whole().lastEntry();
        CheckpointManifest manifest =
                new CheckpointManifest(
                        CheckpointManifest.VERSION,
                        setting.runId(),
                        setting.stage().id(),
                        phase,
                        last.getKey(),
                        1,
                        token,
                        last.getValue().stream().map(Report.ShardSaved::shard).toList(),
                        setting.trainedOn(),
                        last.getValue().getFirst().state(),
                        hash(),
                        0,
                        "2026-01-01T00:00:00Z");
        String key =
                CheckpointLayout.manifestKey(setting.runId(), setting.stage().id(), last.getKey());
        setting.store().put(key, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
        return new InitialState.Resume(key, last.getKey());
    }

    /// The values of a tensor that was saved in one piece.
    float[] tensor(long step, String name) {
        for (Report.ShardSaved saved : shards) {
            for (CheckpointManifest.Tensor part : saved.shard().tensors()) {
                if (saved.step() == step && part.name().equals(name)) {
                    return MemorySegment.ofArray(setting.store().get(saved.shard().key()))
                            .asSlice(part.byteOffset(), part.elements() * Float.BYTES)
                            .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                }
            }
        }
        throw new IllegalStateException("step " + step + " has no " + name);
    }

    /// Hash over the newest state that every rank saved.
    String hash() {
        return StateHash.of(
                whole().lastEntry().getValue().stream().map(Report.ShardSaved::shard).toList());
    }

    private NavigableMap<Long, List<Report.ShardSaved>> whole() {
        NavigableMap<Long, List<Report.ShardSaved>> bySteps = new TreeMap<>();
        for (Report.ShardSaved shard : shards) {
            bySteps.computeIfAbsent(shard.step(), step -> new ArrayList<>()).add(shard);
        }
        bySteps.values().removeIf(saved -> saved.size() < ranks);
        return bySteps;
    }
}
