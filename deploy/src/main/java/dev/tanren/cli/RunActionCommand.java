package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.spec.json.Json;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Asks for a change of a run's state.
abstract sealed class RunActionCommand implements Callable<Integer> {

    private final Terminal terminal;
    private final String action;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--reason", description = "Why, for the record.")
    private @Nullable String reason;

    @Mixin private OutputOptions output;

    RunActionCommand(Terminal terminal, String action) {
        this.terminal = terminal;
        this.action = action;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        ObjectNode body = Json.mapper().createObjectNode();
        if (reason != null) {
            body.put("reason", reason);
        }
        JsonNode answer = api.post("/runs/" + ApiClient.encode(id) + "/" + action, body, Map.of());
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, answer);
        }
        terminal.say("Asked for: " + action + " " + id + ". See: ./tanren run get " + id);
        return Exit.OK;
    }

    @Command(
            name = "pause",
            mixinStandardHelpOptions = true,
            description = "Saves and pauses a run; a paused run holds no worker.")
    static final class Pause extends RunActionCommand {
        Pause(Terminal terminal) {
            super(terminal, "pause");
        }
    }

    @Command(
            name = "resume",
            mixinStandardHelpOptions = true,
            description = "Lets a paused run go on.")
    static final class Resume extends RunActionCommand {
        Resume(Terminal terminal) {
            super(terminal, "resume");
        }
    }

    @Command(
            name = "cancel",
            mixinStandardHelpOptions = true,
            description = "Ends a run; its checkpoints stay.")
    static final class Cancel extends RunActionCommand {
        Cancel(Terminal terminal) {
            super(terminal, "cancel");
        }
    }

    @Command(
            name = "retry",
            mixinStandardHelpOptions = true,
            description = "Goes on with a failed run from its last checkpoint.")
    static final class Retry extends RunActionCommand {
        Retry(Terminal terminal) {
            super(terminal, "retry");
        }
    }
}
