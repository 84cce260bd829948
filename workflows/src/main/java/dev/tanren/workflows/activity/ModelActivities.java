package dev.tanren.workflows.activity;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Plan;
import io.temporal.activity.ActivityInterface;
import org.jspecify.annotations.Nullable;

/// Makes a plan's model ready for ranks.
@ActivityInterface(namePrefix = "Model")
public interface ModelActivities {

    /// Reads the shape of the plan's model, and brings tokenizer and base weights into the object
    /// store. Idempotent.
    ///
    /// @throws dev.tanren.spec.error.TanrenException of the data, configuration or storage class
    ResolvedModel resolve(ResolveRequest request);

    record ResolveRequest(String runId, Plan plan) {}

    /// @param tokenizerKey object key of `tokenizer.json`; empty where every dataset is already
    ///     tokenised
    /// @param importedPrefix key prefix of the Hugging Face directory that weights come from,
    ///     ending in `/`; null for fresh weights
    /// @param importedCommit of the Hugging Face Hub, which the revision in the plan was when the
    ///     weights were imported; null for other sources and in runs of before there was this field
    record ResolvedModel(
            Architecture architecture,
            String tokenizerKey,
            @Nullable String importedPrefix,
            @Nullable String importedCommit) {}
}
