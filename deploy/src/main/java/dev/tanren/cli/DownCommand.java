package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "Stops the embedded stack; runs go on when it is started again.")
final class DownCommand implements Callable<Integer> {

    private static final String AT_WORK =
            "/runs?limit=200&status=queued,running,pausing,cancelling";

    private final Terminal terminal;

    @Mixin private ConfirmOption confirm;
    @Mixin private OutputOptions output;

    DownCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (!confirm.holds(terminal, this::question)) {
            return Exit.INTERRUPTED;
        }
        StackControl control = new StackControl(TanrenHome.of(terminal.environment()));
        boolean stopped = control.down(new StackProgress(terminal)::show);
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, Json.mapper().createObjectNode().put("stopped", stopped));
        }
        terminal.say(stopped ? "The stack has been stopped." : "The stack was not running.");
        return Exit.OK;
    }

    /// Empty where nothing is at work, or where the control plane does not answer.
    private String question() {
        try {
            ApiClient api = new ApiClient(Server.ofStack(terminal.environment()));
            JsonNode runs = api.get(AT_WORK).path("items");
            return switch (runs.size()) {
                case 0 -> "";
                case 1 ->
                        "Run "
                                + runs.path(0).path("id").asText()
                                + " is under way and waits until the stack is up again."
                                + " Stop the stack?";
                default ->
                        runs.size()
                                + " runs are under way and wait until the stack is up again."
                                + " Stop the stack?";
            };
        } catch (TanrenException noAnswer) {
            return "";
        }
    }
}
