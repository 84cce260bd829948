package dev.tanren.launch;

import dev.tanren.plan.run.TrainedOn;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a published model comes from, beside its plan and its checkpoint.
///
/// @param trainedOn what the run was prepared for; a checkpoint of anything else is refused
/// @param evaluations of the training stage, by step and dataset
public record Lineage(TrainedOn trainedOn, List<Evaluation> evaluations) {

    public Lineage {
        evaluations = List.copyOf(evaluations);
    }

    /// Key prefix of the Hugging Face directory that training began from, ending in `/`; null for
    /// fresh weights.
    public @Nullable String importedPrefix() {
        return trainedOn.model().importedPrefix();
    }

    /// @param loss mean cross-entropy per target token, in nats
    public record Evaluation(String dataset, long step, double loss, double perplexity) {}
}
