package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "delete",
        mixinStandardHelpOptions = true,
        description =
                "Deletes a run that has ended, with its checkpoints, artifacts, logs, metrics and"
                        + " events. The audit stays.")
final class RunDeleteCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--reason", description = "Why, for the record.")
    private @Nullable String reason;

    @Mixin private ConfirmOption confirm;

    @Mixin private OutputOptions output;

    RunDeleteCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        String path = "/runs/" + ApiClient.name(id);
        if (!confirm.holds(terminal, () -> question(api.get(path).path("run")))) {
            return Exit.INTERRUPTED;
        }
        JsonNode deleted =
                api.delete(path, ApiClient.query(Map.of("reason", reason == null ? "" : reason)));
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, deleted);
        }
        terminal.say(
                "run "
                        + id
                        + " is deleted, and "
                        + deleted.path("objects").asLong()
                        + " objects with it.");
        return Exit.OK;
    }

    private static String question(JsonNode run) {
        return "Delete run "
                + run.path("name").asText()
                + ", which is "
                + run.path("status").asText()
                + ", with its checkpoints and artifacts? They cannot be had back.";
    }
}
