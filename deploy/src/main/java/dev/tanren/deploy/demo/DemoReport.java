package dev.tanren.deploy.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the demo found, as one JSON object and as a table for people.
///
/// @param stages of the run that was killed
/// @param losses by dataset: before and after the domain's stage
/// @param uninterruptedSha256 of the run that was not killed
/// @param prompt start of a held-out document
/// @param sample what the model writes after it
public record DemoReport(
        List<StageFigures> stages,
        List<Saboteur.Cost> kills,
        String weightsSha256,
        String uninterruptedSha256,
        double tokensPerSecond,
        Map<String, Change> losses,
        String prompt,
        String sample) {

    /// @param tokensPerSecond null for stages that do not train
    record StageFigures(
            String id, String type, double seconds, long steps, @Nullable Double tokensPerSecond) {}

    /// Mean loss in nats per token on held-out text.
    record Change(double before, double after) {
        double perplexityBefore() {
            return Math.exp(before);
        }

        double perplexityAfter() {
            return Math.exp(after);
        }
    }

    boolean identical() {
        return weightsSha256.equals(uninterruptedSha256);
    }

    /// Whether every promise of the demo held.
    public boolean ok() {
        Change domain = losses.get("code");
        return identical()
                && kills.size() == 2
                && domain != null
                && domain.after() < domain.before();
    }

    /// The keys are fixed, because people script against them.
    public JsonNode json() {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("ok", ok());
        root.set("stages", Json.mapper().valueToTree(stages));
        ArrayNode struck = root.putArray("kills");
        for (Saboteur.Cost kill : kills) {
            struck.addObject()
                    .put("what", kill.what())
                    .put("recoverySeconds", kill.recoverySeconds())
                    .put("stepsRecomputed", kill.stepsRecomputed());
        }
        root.put("weightsSha256", weightsSha256);
        root.put("uninterruptedSha256", uninterruptedSha256);
        root.put("identical", identical());
        root.put("tokensPerSecond", tokensPerSecond);
        ObjectNode changes = root.putObject("losses");
        losses.forEach(
                (dataset, change) ->
                        changes.putObject(dataset)
                                .put("before", change.before())
                                .put("after", change.after())
                                .put("perplexityBefore", change.perplexityBefore())
                                .put("perplexityAfter", change.perplexityAfter()));
        return root;
    }

    public String text() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("stage      type       time     steps   tokens/s");
        for (StageFigures stage : stages) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "%-10s %-8s %4.0f s %9s %10s",
                            stage.id(),
                            stage.type(),
                            stage.seconds(),
                            stage.steps() == 0 ? "" : Long.toString(stage.steps()),
                            stage.tokensPerSecond() == null
                                    ? ""
                                    : String.format(
                                            Locale.ROOT, "%,.0f", stage.tokensPerSecond())));
        }
        lines.add("");
        lines.add("held out   loss before   after   perplexity before   after   change");
        losses.forEach((dataset, change) -> lines.add(lossLine(dataset, change)));
        lines.add("");
        lines.add("killed     at step   next finished step after   steps recomputed");
        for (Saboteur.Cost kill : kills) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "%-10s %7d %24.1f s %18d",
                            kill.what(),
                            kill.step(),
                            kill.recoverySeconds(),
                            kill.stepsRecomputed()));
        }
        lines.add("");
        lines.add("prompt     " + prompt.replace("\n", "\n           "));
        lines.add("sample     " + sample.replace("\n", "\n           "));
        lines.add("");
        lines.add("SHA-256 over all weights and optimizer state");
        lines.add("  killed twice   " + weightsSha256);
        lines.add("  not killed     " + uninterruptedSha256);
        lines.add(identical() ? "  identical: the kills changed nothing" : "  DIFFERENT");
        return String.join("\n", lines);
    }

    private static String lossLine(String dataset, Change change) {
        double relative = change.perplexityAfter() / change.perplexityBefore() - 1;
        return String.format(
                Locale.ROOT,
                "%-10s %11.3f %7.3f %19.1f %7.1f %+7.1f %%%s",
                dataset,
                change.before(),
                change.after(),
                change.perplexityBefore(),
                change.perplexityAfter(),
                100 * relative,
                dataset.equals("prose") ? "  (forgetting where it rose)" : "");
    }

    static double secondsBetween(JsonNode stage) {
        if (!stage.path("startedAt").isTextual() || !stage.path("finishedAt").isTextual()) {
            return 0;
        }
        return Duration.between(
                                Instant.parse(stage.path("startedAt").asText()),
                                Instant.parse(stage.path("finishedAt").asText()))
                        .toMillis()
                / 1000.0;
    }
}
