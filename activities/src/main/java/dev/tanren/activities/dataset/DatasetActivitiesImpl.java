package dev.tanren.activities.dataset;

import dev.tanren.activities.dataset.internal.PreparationProgress;
import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.activities.registry.DataDiffers;
import dev.tanren.activities.source.Progress;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.workflows.activity.DatasetActivities;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// See [DatasetActivities].
public final class DatasetActivitiesImpl implements DatasetActivities {

    private final DatasetPreparation preparation;
    private final BegunDatasets begun;
    private final Registry registry;
    private final ObjectStore store;
    private final Drain drain;

    public DatasetActivitiesImpl(
            DatasetPreparation preparation,
            BegunDatasets begun,
            Registry registry,
            ObjectStore store,
            Drain drain) {
        this.preparation = preparation;
        this.begun = begun;
        this.registry = registry;
        this.store = store;
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
        PreparationEvents told = new PreparationEvents(registry.events(), request.runId());
        // The lease beats while a large object is stored; the callback ends cancelled work.
        try (HeartbeatLease _ = HeartbeatLease.hold(context, drain)) {
            Progress progress =
                    new PreparationProgress(
                            request.datasetName(),
                            context::heartbeat,
                            told::progress,
                            System::nanoTime);
            DatasetPreparation.Request prepared =
                    new DatasetPreparation.Request(
                            request.datasetName(),
                            dataset,
                            request.tokenizerKey(),
                            request.vocabSize());
            TrainedOn.Data began = began(request);
            return began == null
                    ? prepare(request, prepared, told, progress)
                    : again(request, prepared, began, progress);
        }
    }

    private TrainedOn.@Nullable Data began(PrepareRequest request) {
        return registry.inputs()
                .find(request.runId())
                .map(trainedOn -> trainedOn.datasets().get(request.datasetName()))
                .orElse(null);
    }

    private PreparedDataset prepare(
            PrepareRequest asked,
            DatasetPreparation.Request request,
            PreparationEvents told,
            Progress progress) {
        DatasetPreparation.Prepared prepared =
                preparation.of(asked.plan()).prepare(request, progress);
        told.prepared(asked.plan(), request.name(), prepared);
        DatasetManifest manifest = prepared.manifest();
        String sources = prepared.sources().store(store, "runs/" + asked.runId() + "/");
        return answer(
                request.name(),
                new TrainedOn.Data(manifest.contentHash(), prepared.manifestKey(), sources),
                manifest,
                prepared.reused());
    }

    private PreparedDataset again(
            PrepareRequest asked,
            DatasetPreparation.Request request,
            TrainedOn.Data began,
            Progress progress) {
        BegunDatasets ofPlan = begun.of(asked.plan());
        DatasetManifest manifest = ofPlan.get(request, began, progress);
        DataDiffers.record(
                registry.events(),
                asked.runId(),
                "dataset '" + request.name() + "'",
                ofPlan.differences(request.dataset(), began, progress));
        return answer(request.name(), began, manifest, true);
    }

    private static PreparedDataset answer(
            String name, TrainedOn.Data data, DatasetManifest manifest, boolean reused) {
        return new PreparedDataset(
                name,
                data,
                manifest.statistics().documents(),
                tokens(manifest.training()),
                tokens(manifest.heldOut()),
                reused);
    }

    private static long tokens(List<DatasetManifest.Shard> shards) {
        return shards.stream().mapToLong(DatasetManifest.Shard::tokens).sum();
    }
}
