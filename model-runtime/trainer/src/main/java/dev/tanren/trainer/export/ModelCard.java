package dev.tanren.trainer.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.spec.json.Json;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

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
                        position(checkpoint),
                        plan(launch));
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
