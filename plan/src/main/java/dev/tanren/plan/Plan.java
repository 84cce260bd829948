package dev.tanren.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a user asks for: a model, data, and the stages that lead from one to the other.
///
/// @param name lower-case letters, digits and hyphens, at most 63 characters
/// @param seed decides initial weights and data order
/// @param datasets by name, in the order of the plan
/// @param stages in the order they run
public record Plan(
        String apiVersion,
        String name,
        long seed,
        ModelSource model,
        Map<String, Dataset> datasets,
        List<Stage> stages) {

    public static final String API_VERSION = "tanren.dev/v1";

    public Plan {
        datasets = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(datasets));
        stages = List.copyOf(stages);
    }

    public Optional<Stage> stage(String id) {
        return stages.stream().filter(stage -> stage.id().equals(id)).findFirst();
    }

    /// The training stage whose weights `stage` starts from: the nearest one before it, if any.
    public Optional<TrainingStage> predecessor(TrainingStage stage) {
        return stages.stream()
                .takeWhile(other -> !other.id().equals(stage.id()))
                .filter(TrainingStage.class::isInstance)
                .map(TrainingStage.class::cast)
                .reduce((first, second) -> second);
    }
}
