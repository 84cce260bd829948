package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.run.RunAction;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "diagnose",
        mixinStandardHelpOptions = true,
        description = "Says why a run failed, and where the time of its steps goes.")
final class DiagnoseCommand implements Callable<Integer> {

    private static final int WIDTH = 40;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--stage", description = "Stage to look at (default: the one at work).")
    private @Nullable String stage;

    @Mixin private OutputOptions output;

    DiagnoseCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        String path = "/runs/" + ApiClient.encode(id);
        JsonNode detail = api.get(path);
        JsonNode diagnosis =
                api.get(
                        path
                                + "/diagnosis"
                                + (stage == null ? "" : "?stage=" + ApiClient.encode(stage)));
        if (output.form() != OutputOptions.Form.TABLE) {
            ObjectNode view = Json.mapper().createObjectNode();
            view.set("status", detail.path("run").path("status"));
            view.set("reason", detail.path("run").path("reason"));
            view.set("failure", detail.path("failure"));
            view.setAll((ObjectNode) diagnosis);
            output.data(terminal, view);
            return Exit.OK;
        }
        state(api, path, detail);
        if (diagnosis.path("verdict").isTextual()) {
            print(diagnosis);
        } else {
            terminal.out()
                    .println(
                            "stage    "
                                    + diagnosis.path("stage").asText()
                                    + ": too few steps yet to say where their time goes");
        }
        return Exit.OK;
    }

    /// What the run is in comes before where its time goes: that is said of steps that were.
    private void state(ApiClient api, String path, JsonNode detail) {
        JsonNode run = detail.path("run");
        JsonNode failure = detail.path("failure");
        String reason = run.path("reason").asText("");
        terminal.out()
                .println(
                        "state    "
                                + run.path("status").asText()
                                + (reason.isEmpty() || failure.isObject() ? "" : ": " + reason));
        if (failure.isObject()) {
            terminal.out().println("failed   " + RunGetCommand.failureText(failure));
        }
        for (RunAction action : List.of(RunAction.RETRY, RunAction.RESUME)) {
            if (run.path("actions")
                    .valueStream()
                    .anyMatch(it -> it.asText().equals(action.key()))) {
                terminal.out()
                        .println(
                                "next     ./tanren run "
                                        + action.key()
                                        + " "
                                        + id
                                        + ": "
                                        + api.get(path + "/recovery").path("summary").asText());
            }
        }
        terminal.out().println();
    }

    private void print(JsonNode diagnosis) {
        terminal.out()
                .printf(
                        Locale.ROOT,
                        "stage    %s, steps %d to %d, %.3f s each%n",
                        diagnosis.path("stage").asText(),
                        diagnosis.path("firstStep").asLong(),
                        diagnosis.path("lastStep").asLong(),
                        diagnosis.path("secondsPerStep").asDouble());
        memory(diagnosis).ifPresent(text -> terminal.out().println("memory   " + text));
        if (diagnosis.path("modelFlopsUtilisation").isNumber()) {
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "MFU      %.1f %% of the device's peak%n",
                            100 * diagnosis.path("modelFlopsUtilisation").asDouble());
        }
        terminal.out().println("verdict  " + diagnosis.path("verdict").asText());
        terminal.out().println("because  " + diagnosis.path("evidence").asText());
        terminal.out().println("mend     " + diagnosis.path("mend").asText());
        terminal.out().println();
        for (var share : diagnosis.path("shares").properties()) {
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "%-14s %5.1f %%  %s%n",
                            share.getKey(),
                            100 * share.getValue().asDouble(),
                            "█".repeat((int) Math.round(WIDTH * share.getValue().asDouble())));
        }
    }

    /// What the fullest rank took, and of how much.
    private static Optional<String> memory(JsonNode diagnosis) {
        long fullest =
                diagnosis
                        .path("ranks")
                        .valueStream()
                        .mapToLong(rank -> rank.path("peakResidentBytes").asLong())
                        .max()
                        .orElse(0);
        if (fullest == 0) {
            return Optional.empty();
        }
        JsonNode limit = diagnosis.path("memoryLimitBytes");
        return Optional.of(
                limit.isNumber()
                        ? Figures.bytes(fullest)
                                + " of "
                                + Figures.bytes(limit.asLong())
                                + " a rank"
                        : Figures.bytes(fullest));
    }
}
