package dev.tanren.launch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where a published model comes from, beside its plan and its checkpoint.
///
/// @param importedPrefix key prefix of the Hugging Face directory that training began from, ending
///     in `/`; null for fresh weights
/// @param importedCommit of the Hugging Face Hub that they were fetched at; null where they came
///     from elsewhere, or when nobody kept it
/// @param datasets manifest key of each dataset, which names the hash of its content, by name
/// @param evaluations of the training stage, by step and dataset
public record Lineage(
        @Nullable String importedPrefix,
        @Nullable String importedCommit,
        Map<String, String> datasets,
        List<Evaluation> evaluations) {

    public static final Lineage NONE = new Lineage(null, Map.of(), List.of());

    public Lineage {
        datasets = Collections.unmodifiableMap(new LinkedHashMap<>(datasets));
        evaluations = List.copyOf(evaluations);
    }

    /// Of weights that came from no commit of the Hub.
    public Lineage(
            @Nullable String importedPrefix,
            Map<String, String> datasets,
            List<Evaluation> evaluations) {
        this(importedPrefix, null, datasets, evaluations);
    }

    /// @param loss mean cross-entropy per target token, in nats
    public record Evaluation(String dataset, long step, double loss, double perplexity) {}
}
