package dev.tanren.workflows.activity;

import dev.tanren.spec.plan.Plan;
import io.temporal.activity.ActivityInterface;

/// Makes documents into token shards.
@ActivityInterface(namePrefix = "Dataset")
public interface DatasetActivities {

    /// Prepares one dataset of the plan, or finds that the same content was prepared before.
    /// Idempotent; heartbeats every few seconds.
    ///
    /// @throws dev.tanren.spec.error.TanrenException of the data or storage class
    PreparedDataset prepare(PrepareRequest request);

    /// @param tokenizerKey object key of `tokenizer.json`; empty where the dataset is tokenised
    /// @param vocabSize of the model; a token id at or above it is a `TOKENIZER_MISMATCH`
    record PrepareRequest(
            String runId, Plan plan, String datasetName, String tokenizerKey, int vocabSize) {}

    /// @param manifestKey `datasets/<content hash>/manifest.json`
    /// @param reused whether the same content was prepared before
    record PreparedDataset(
            String datasetName,
            String manifestKey,
            long documents,
            long trainingTokens,
            long heldOutTokens,
            boolean reused) {}
}
