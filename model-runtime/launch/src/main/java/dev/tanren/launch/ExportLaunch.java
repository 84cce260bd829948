package dev.tanren.launch;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.storage.objects.StoreAddress;
import java.util.List;

/// What the trainer's export process is told: write the weights of a checkpoint as published
/// formats.
///
/// @param targetPrefix key prefix of the artifacts, ending in `/`; the process writes
///     `huggingface/…` and `djl/…` below it
public record ExportLaunch(
        String runId,
        String stageId,
        String reportSocket,
        String scratch,
        String cache,
        StoreAddress store,
        Plan plan,
        String manifestKey,
        String targetPrefix,
        List<Stage.Format> formats,
        Lineage lineage) {

    public Architecture architecture() {
        return lineage.trainedOn().model().architecture();
    }

    /// Key of the `tokenizer.json` object, empty where the plan has none.
    public String tokenizerKey() {
        return lineage.trainedOn().model().tokenizerKey();
    }
}
