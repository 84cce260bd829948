package dev.tanren.storage.tokens;

import dev.tanren.plan.planner.DataUse;
import java.util.List;

/// What was prepared for a run: the data of its `dataset.prepared` event, from which the API shows
/// it.
///
/// @param manifestKey object key of the dataset's manifest
/// @param reused whether the same content was prepared before this run
/// @param uses how often each phase goes through it
public record PreparedDataset(
        String dataset,
        String manifestKey,
        boolean reused,
        long trainingTokens,
        long heldOutTokens,
        DatasetManifest.Statistics statistics,
        List<DataUse> uses) {

    /// The type of the event.
    public static final String EVENT = "dataset.prepared";

    public PreparedDataset {
        uses = List.copyOf(uses);
    }
}
