package dev.tanren.activities.dataset;

import dev.tanren.activities.dataset.internal.PreparationProgress;
import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Dataset;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.workflows.activity.DatasetActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import java.util.List;

/// See [DatasetActivities].
public final class DatasetActivitiesImpl implements DatasetActivities {

    private final DatasetPreparation preparation;
    private final Events events;
    private final Drain drain;

    public DatasetActivitiesImpl(DatasetPreparation preparation, Events events, Drain drain) {
        this.preparation = preparation;
        this.events = events;
        this.drain = drain;
    }

    @Override
    public PreparedDataset prepare(PrepareRequest request) {
        Dataset dataset = request.plan().datasets().get(request.datasetName());
        if (dataset == null) {
            throw new TanrenException(
                    ErrorCode.PLAN_REFERENCE,
                    "the plan has no dataset " + request.datasetName(),
                    "run " + request.runId(),
                    "Name one of " + request.plan().datasets().keySet() + ".");
        }
        ActivityExecutionContext context = Activity.getExecutionContext();
        PreparationEvents told = new PreparationEvents(events, request.runId());
        // The lease beats while a large object is stored; the callback ends cancelled work.
        try (HeartbeatLease _ = HeartbeatLease.hold(context, drain)) {
            DatasetPreparation.Prepared prepared =
                    preparation.prepare(
                            new DatasetPreparation.Request(
                                    request.datasetName(),
                                    dataset,
                                    request.tokenizerKey(),
                                    request.vocabSize()),
                            new PreparationProgress(
                                    request.datasetName(),
                                    context::heartbeat,
                                    told::progress,
                                    System::nanoTime));
            told.prepared(request.plan(), request.datasetName(), prepared);
            DatasetManifest manifest = prepared.manifest();
            return new PreparedDataset(
                    request.datasetName(),
                    prepared.manifestKey(),
                    manifest.statistics().documents(),
                    tokens(manifest.training()),
                    tokens(manifest.heldOut()),
                    prepared.reused());
        }
    }

    private static long tokens(List<DatasetManifest.Shard> shards) {
        return shards.stream().mapToLong(DatasetManifest.Shard::tokens).sum();
    }
}
