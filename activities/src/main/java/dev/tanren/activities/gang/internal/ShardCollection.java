package dev.tanren.activities.gang.internal;

import dev.tanren.launch.Report;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.StateHash;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Gathers the shards of a checkpoint until every rank has stored its own.
public final class ShardCollection {

    private final GangRequest request;
    private final int ranks;
    private final Map<Long, Map<Integer, Report.ShardSaved>> saved = new HashMap<>();
    private final Map<Long, Double> losses = new HashMap<>();

    public ShardCollection(GangRequest request, int ranks) {
        this.request = request;
        this.ranks = ranks;
    }

    public void loss(long step, double loss) {
        losses.put(step, loss);
    }

    /// @return the manifest, once this shard was the last that was missing; empty for a step that
    ///     the attempt started from, and while the step's loss is not a number
    public Optional<CheckpointManifest> add(Report.ShardSaved shard) {
        if (shard.step() <= request.resumeStep()) {
            return Optional.empty();
        }
        Map<Integer, Report.ShardSaved> shards =
                saved.computeIfAbsent(shard.step(), step -> new TreeMap<>());
        shards.put(shard.rank(), shard);
        if (shards.size() < ranks) {
            return Optional.empty();
        }
        saved.remove(shard.step());
        double loss = losses.getOrDefault(shard.step(), Double.NaN);
        losses.keySet().removeIf(step -> step <= shard.step());
        return Double.isFinite(loss)
                ? Optional.of(manifest(shard.step(), shards, loss))
                : Optional.empty();
    }

    private CheckpointManifest manifest(
            long step, Map<Integer, Report.ShardSaved> shards, double loss) {
        List<CheckpointManifest.Shard> ordered =
                shards.values().stream().map(Report.ShardSaved::shard).toList();
        return new CheckpointManifest(
                CheckpointManifest.VERSION,
                request.work().runId(),
                request.work().stageId(),
                request.work().phaseId(),
                step,
                request.work().attempt(),
                request.work().fencingToken(),
                ordered,
                request.work().trainedOn(),
                shards.values().iterator().next().state(),
                StateHash.of(ordered),
                loss,
                Instant.now().toString());
    }
}
