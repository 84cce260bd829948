package dev.tanren.activities.dataset;

import dev.tanren.activities.dataset.DatasetPreparation.Request;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceListing;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.prepared.PreparedObjects;
import dev.tanren.storage.tokens.DatasetManifest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gives runs the datasets that they began with, whatever became of the sources.
public final class BegunDatasets {

    private final ObjectStore store;
    private final Sources sources;
    private final DatasetPreparation preparation;

    public BegunDatasets(ObjectStore store, Sources sources, DatasetPreparation preparation) {
        this.store = store;
        this.sources = sources;
        this.preparation = preparation;
    }

    /// The same for the datasets of one plan, which may read what that plan may.
    BegunDatasets of(Plan plan) {
        return new BegunDatasets(store, sources.of(plan), preparation.of(plan));
    }

    /// The dataset as it was prepared, without a look at its sources; where it is gone from the
    /// store, prepared again from sources that still give the same content.
    ///
    /// @throws TanrenException `PREPARED_GONE` naming the dataset, and what the store throws
    public DatasetManifest get(Request request, TrainedOn.Data began, Progress progress) {
        Optional<DatasetManifest> there = new PreparedObjects(store).dataset(began.manifestKey());
        return there.orElseGet(() -> again(request, began, progress));
    }

    private DatasetManifest again(Request request, TrainedOn.Data began, Progress progress) {
        try {
            return preparation.prepare(request, began.contentHash(), progress).manifest();
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.PREPARED_GONE && e.failureClass() == FailureClass.DATA) {
                throw DatasetPreparation.gone(request.name(), e.what() + " [" + e.where() + "]");
            }
            throw e;
        }
    }

    /// How the sources differ from those that the run began with, in words; empty where they do
    /// not, or where nobody recorded them.
    public List<String> differences(Dataset dataset, TrainedOn.Data began, Progress progress) {
        if (began.sourcesKey().isEmpty() || store.find(began.sourcesKey()).isEmpty()) {
            return List.of();
        }
        List<String> unreadable = new ArrayList<>();
        Map<String, SourceContent> now = new HashMap<>();
        for (Dataset.Source source : dataset.sources()) {
            try {
                sources.files(source.uri(), source.include())
                        .forEach(file -> now.put(file.where(), file));
            } catch (TanrenException e) {
                unreadable.add(e.what() + " [" + e.where() + "]");
            }
        }
        List<String> differences = new ArrayList<>(unreadable);
        try {
            differences.addAll(
                    SourceListing.read(store, began.sourcesKey()).differences(now, progress));
        } catch (TanrenException e) {
            differences.add(e.what() + " [" + e.where() + "]");
        }
        return differences;
    }
}
