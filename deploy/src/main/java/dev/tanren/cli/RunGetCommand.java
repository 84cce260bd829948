package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.Printable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "get", mixinStandardHelpOptions = true, description = "Shows all about one run.")
final class RunGetCommand implements Callable<Integer> {

    private static final List<Table.Column> STAGES =
            List.of(
                    Table.Column.of("STAGE", "id"),
                    Table.Column.of("TYPE", "type"),
                    Table.Column.of("STATUS", "status"),
                    Table.Column.of("PHASE", "phase"),
                    new Table.Column("STEP", stage -> ofTraining(stage, "step")),
                    new Table.Column("OF", stage -> ofTraining(stage, "totalSteps")));
    private static final List<Table.Column> ATTEMPTS =
            List.of(
                    Table.Column.of("STAGE", "stage"),
                    Table.Column.of("ATTEMPT", "attempt"),
                    Table.Column.of("WORKER", "worker"),
                    Table.Column.of("STATUS", "status"),
                    Table.Column.of("CODE", "code"),
                    new Table.Column("CLASS", RunGetCommand::failureClass),
                    Table.Column.of("FROM", "resumeStep"),
                    Table.Column.of("TO", "lastStep"),
                    new Table.Column("RECOVERY", RunGetCommand::recovery),
                    Table.Column.of("REASON", "reason"));

    private static final List<Table.Column> DATASETS =
            List.of(
                    Table.Column.of("DATASET", "dataset"),
                    Table.Column.of("TOKENS", "trainingTokens"),
                    Table.Column.of("HELD OUT", "heldOutTokens"),
                    statistic("DOCUMENTS", "documents"),
                    statistic("HELD OUT", "heldOut"),
                    statistic("DUPLICATES", "duplicates"),
                    statistic("DROPPED", "dropped"),
                    new Table.Column("GONE THROUGH", RunGetCommand::uses));
    private static final List<Table.Column> SOURCES =
            List.of(
                    Table.Column.of("SOURCE", "uri"),
                    Table.Column.of("FILES", "files"),
                    Table.Column.of("BYTES", "bytes"),
                    Table.Column.of("TOKENS", "tokens"),
                    Table.Column.of("DOCUMENTS", "documents"),
                    Table.Column.of("HELD OUT", "heldOut"),
                    Table.Column.of("DUPLICATES", "duplicates"),
                    Table.Column.of("DROPPED", "dropped"));

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(
            names = "--plan",
            description = "Print the plan as it was submitted, which can be submitted again.")
    private boolean plan;

    @Mixin private OutputOptions output;

    RunGetCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Other stages have no steps.
    private static String ofTraining(JsonNode stage, String field) {
        return stage.path("totalSteps").asLong() == 0 ? "" : stage.path(field).asText();
    }

    private static Table.Column statistic(String title, String field) {
        return new Table.Column(title, row -> row.path("statistics").path(field).asText());
    }

    /// Such as `short 0.4, long 12.0 times`.
    private static String uses(JsonNode dataset) {
        List<String> uses = new ArrayList<>();
        for (JsonNode use : dataset.path("uses")) {
            uses.add(use.path("phase").asText() + " " + Figures.decimals(use.path("times"), 1));
        }
        return uses.isEmpty() ? "" : String.join(", ", uses) + " times";
    }

    private static String failureClass(JsonNode attempt) {
        return attempt.path("failureClass").asText("").toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String recovery(JsonNode attempt) {
        JsonNode seconds = attempt.path("recoverySeconds");
        return seconds.isNumber() ? Figures.decimals(seconds, 1) + " s" : "";
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        JsonNode detail = api.get("/runs/" + ApiClient.name(id));
        if (plan) {
            printPlan(detail);
            return Exit.OK;
        }
        Exports exports = Exports.of(api, id, detail);
        if (output.form() != OutputOptions.Form.TABLE) {
            if (detail instanceof ObjectNode object) {
                object.set("artifacts", exports.files());
            }
            output.data(terminal, detail);
            return Exit.OK;
        }
        JsonNode run = detail.path("run");
        terminal.out().println("run     " + run.path("id").asText());
        terminal.out().println("name    " + run.path("name").asText());
        terminal.out().println("status  " + run.path("status").asText());
        terminal.out().println();
        SituationView.print(terminal.out(), detail.path("situation"), Instant.now());
        terminal.out().println();
        new Table(STAGES).print(detail.path("stages"), terminal.out());
        terminal.out().println();
        new Table(ATTEMPTS).print(detail.path("attempts"), terminal.out());
        printDatasets(detail.path("datasets"));
        detail.path("preparing").forEach(this::printPreparing);
        new GateView(detail.path("stages")).print(terminal.out());
        exports.print(terminal);
        return Exit.OK;
    }

    private void printDatasets(JsonNode datasets) {
        if (datasets.isEmpty()) {
            return;
        }
        terminal.out().println();
        new Table(DATASETS).print(datasets, terminal.out());
        ArrayNode sources = Json.mapper().createArrayNode();
        datasets.forEach(
                dataset -> dataset.path("statistics").path("sources").forEach(sources::add));
        terminal.out().println();
        new Table(SOURCES).print(sources, terminal.out());
    }

    private void printPreparing(JsonNode dataset) {
        JsonNode bytes = dataset.path("bytes");
        terminal.out()
                .printf(
                        Locale.ROOT,
                        "%ndataset %s is being prepared: %s, %,d %s%s so far%n",
                        Printable.of(dataset.path("dataset").asText()),
                        Printable.of(dataset.path("doing").asText()),
                        dataset.path("done").asLong(),
                        Printable.of(dataset.path("unit").asText()),
                        bytes.isNumber()
                                ? String.format(Locale.ROOT, ", %,d bytes", bytes.asLong())
                                : "");
    }

    private void printPlan(JsonNode detail) {
        JsonNode text = detail.path("planText");
        if (!text.isTextual()) {
            throw new TanrenException(
                    ErrorCode.NOT_FOUND,
                    "The server does not have the plan as it was submitted.",
                    "run " + id,
                    "See what runs, with its defaults: ./tanren run get " + id + " --json");
        }
        terminal.out().print(text.textValue());
        if (!text.textValue().endsWith("\n")) {
            terminal.out().println();
        }
        terminal.out().flush();
    }

    static String failureText(JsonNode failure) {
        String failureClass = failure.path("failureClass").asText("");
        return failure.path("code").asText()
                + (failureClass.isEmpty() ? "" : " (" + failureClass + ")")
                + " "
                + Printable.lines(failure.path("what").asText())
                + "\n  where: "
                + Printable.of(failure.path("where").asText())
                + "\n  mend:  "
                + Printable.of(failure.path("mend").asText());
    }
}
