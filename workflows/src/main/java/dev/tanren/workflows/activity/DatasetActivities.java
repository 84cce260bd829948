package dev.tanren.workflows.activity;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import io.temporal.activity.ActivityInterface;

/// Makes documents into token shards.
@ActivityInterface(namePrefix = "Dataset")
public interface DatasetActivities {

    /// Gives the dataset that the run began with, where [RegistryActivities#fix] has recorded it;
    /// the event `data.differs` says where its sources are other ones by now.
    ///
    /// Otherwise prepares the dataset of the plan, or finds that the same content was prepared
    /// before. Idempotent; heartbeats every few seconds.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `PREPARED_GONE` where what the run began with
    ///     is neither in the store nor in its sources any more; others of the data or storage class
    PreparedDataset prepare(PrepareRequest request);

    /// @param tokenizerKey object key of `tokenizer.json`; empty where the dataset is tokenised
    /// @param vocabSize of the model; a token id at or above it is a `TOKENIZER_MISMATCH`
    record PrepareRequest(
            String runId, Plan plan, String datasetName, String tokenizerKey, int vocabSize) {}

    /// @param reused whether the same content was prepared before
    record PreparedDataset(
            String datasetName,
            TrainedOn.Data data,
            long documents,
            long trainingTokens,
            long heldOutTokens,
            boolean reused) {}
}
