package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.Printable;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/// What evaluate stages measured in the second runtime: before and after, what is forgotten, what
/// the plan required, and a sample.
record GateView(JsonNode stages) {

    private static final Table FIGURES =
            new Table(
                    List.of(
                            Table.Column.of("DATASET", "dataset"),
                            number("PERPLEXITY BEFORE", "before", 2),
                            number("AFTER", "perplexity", 2),
                            new Table.Column("CHANGE", GateView::forgetting),
                            number("LOSS, NATS/TOKEN", "loss", 4),
                            Table.Column.of("TOKENS", "tokens")));

    /// Prints nothing where none has measured yet.
    void print(PrintStream out) {
        for (JsonNode stage : stages) {
            JsonNode result = stage.path("result");
            if (stage.path("type").asText().equals("evaluate")
                    && result.path("datasets").isObject()) {
                print(stage.path("id").asText(), result, out);
            }
        }
    }

    private static void print(String stage, JsonNode result, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "%nwhat %s measured of step %,d, in the second runtime%n",
                Printable.of(stage),
                result.path("step").asLong());
        FIGURES.print(rows(result), out);
        for (JsonNode requirement : result.path("requirements")) {
            out.println(
                    "  "
                            + (requirement.path("holds").asBoolean() ? "holds: " : "FAILS: ")
                            + Printable.of(requirement.path("metric").asText())
                            + " is "
                            + (requirement.path("value").isNumber()
                                    ? Figures.decimals(requirement.path("value"), 4)
                                    : "not measured")
                            + bound(requirement, "below")
                            + bound(requirement, "above"));
        }
        String sample = result.path("sample").asText("");
        if (!sample.isEmpty()) {
            out.println(
                    "  sample: "
                            + Printable.of(result.path("prompt").asText())
                            + " → "
                            + Printable.of(sample));
        }
    }

    private static ArrayNode rows(JsonNode result) {
        ArrayNode rows = Json.mapper().createArrayNode();
        result.path("datasets")
                .properties()
                .forEach(
                        measured -> {
                            String name = measured.getKey();
                            ObjectNode row = rows.addObject().put("dataset", name);
                            for (String field : List.of("perplexity", "loss", "tokens")) {
                                row.set(field, measured.getValue().path(field));
                            }
                            row.set("before", result.path("before").path(name).path("perplexity"));
                            row.set(
                                    "forgetting",
                                    result.path("metrics").path(name + ".forgetting"));
                        });
        return rows;
    }

    private static Table.Column number(String title, String field, int places) {
        return new Table.Column(title, row -> Figures.decimals(row.path(field), places));
    }

    private static String forgetting(JsonNode row) {
        JsonNode share = row.path("forgetting");
        return share.isNumber()
                ? String.format(Locale.ROOT, "%+.1f %%", 100 * share.asDouble())
                : "";
    }

    private static String bound(JsonNode requirement, String which) {
        JsonNode bound = requirement.path(which);
        return bound.isNumber() ? ", must be " + which + " " + bound.asText() : "";
    }
}
