package dev.tanren.trainer.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Lineage.Evaluation;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The README of a published model: what it is, where it comes from, and the plan that made it.
final class ModelCard {

    /// Losses that jumps are found by: nothing to read.
    private static final String WINDOW = "anomalies.losses";

    private ModelCard() {}

    static String of(ExportLaunch launch, CheckpointManifest checkpoint, long parameters) {
        return """
                ---
                library_name: transformers
                pipeline_tag: text-generation
                tags: [tanren]
                ---
                # %s

                A %s model of %,d parameters, trained by Tanren.

                | lineage | |
                |---|---|
                | run | `%s` |
                | stage and phase | `%s`, `%s` |
                | step | %d |
                | training loss at that step | %s nats per token |
                | checkpoint | `%s` |
                | SHA-256 over weights and optimizer state | `%s` |
                | base | %s |
                | tokenizer | %s |
                | software | %s |

                ## Evaluations
                %s
                ## Data
                %s
                ## Data position
                %s
                ## Plan
                ```json
                %s
                ```
                """
                .formatted(
                        launch.plan().name(),
                        launch.architecture().family().name().toLowerCase(Locale.ROOT),
                        parameters,
                        checkpoint.runId(),
                        checkpoint.stageId(),
                        checkpoint.phaseId(),
                        checkpoint.step(),
                        String.format(Locale.ROOT, "%.4f", checkpoint.loss()),
                        launch.manifestKey(),
                        checkpoint.weightsSha256(),
                        base(launch, checkpoint.trainedOn().model()),
                        tokenizer(checkpoint.trainedOn().model()),
                        software(),
                        evaluations(launch.lineage().evaluations()),
                        datasets(checkpoint.trainedOn()),
                        position(checkpoint),
                        plan(launch));
    }

    private static String base(ExportLaunch launch, TrainedOn.Model model) {
        TrainedOn.Base base = model.base();
        return switch (launch.plan().model()) {
            case ModelSource.Base named ->
                    base == null
                            ? "`%s`".formatted(named.uri())
                            : "`%s`%s, SHA-256 over its files `%s`, kept as `%s`"
                                    .formatted(
                                            base.uri(),
                                            commit(base.commit()),
                                            base.sha256(),
                                            base.prefix());
            case ModelSource.Fresh _ -> "none: fresh weights";
        };
    }

    private static String tokenizer(TrainedOn.Model model) {
        return model.tokenizer() == null
                ? "none"
                : "SHA-256 `%s`".formatted(model.tokenizer().sha256());
    }

    /// A branch or a tag moves on; what was trained from does not.
    private static String commit(@Nullable String commit) {
        return commit == null ? "" : " at commit `" + commit + "`";
    }

    private static String software() {
        return "Tanren %s, libtorch through JavaCPP %s, Java %s"
                .formatted(version(ModelCard.class), version(Tensor.class), Runtime.version());
    }

    private static String version(Class<?> type) {
        String version = type.getPackage().getImplementationVersion();
        return version == null ? "of a working tree" : version;
    }

    /// The first and the last of each dataset.
    private static String evaluations(List<Evaluation> all) {
        if (all.isEmpty()) {
            return "\nNone were asked for.\n";
        }
        Map<String, List<Evaluation>> byDataset =
                all.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Evaluation::dataset, TreeMap::new, Collectors.toList()));
        StringBuilder lines =
                new StringBuilder(
                        "\n| held-out text | loss before, nats per token | after step | loss |"
                                + " perplexity |\n|---|---|---|---|---|\n");
        byDataset.forEach(
                (name, found) ->
                        lines.append(
                                String.format(
                                        Locale.ROOT,
                                        "| %s | %.4f | %d | %.4f | %.2f |%n",
                                        name,
                                        found.getFirst().loss(),
                                        found.getLast().step(),
                                        found.getLast().loss(),
                                        found.getLast().perplexity())));
        return lines.toString();
    }

    private static String datasets(TrainedOn trainedOn) {
        StringBuilder lines =
                new StringBuilder("\n| dataset | prepared as (hash of content) |\n|---|---|\n");
        trainedOn
                .manifestKeys()
                .forEach((name, key) -> lines.append("| %s | `%s` |\n".formatted(name, key)));
        return lines.toString();
    }

    private static String position(CheckpointManifest checkpoint) {
        StringBuilder lines = new StringBuilder("\n| state | value |\n|---|---|\n");
        Map<String, String> state = new TreeMap<>(checkpoint.state());
        state.keySet().removeIf(key -> key.startsWith(WINDOW));
        state.forEach((key, value) -> lines.append("| `%s` | %s |\n".formatted(key, value)));
        return lines.toString();
    }

    private static String plan(ExportLaunch launch) {
        try {
            return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(launch.plan());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a plan is always JSON", e);
        }
    }
}
