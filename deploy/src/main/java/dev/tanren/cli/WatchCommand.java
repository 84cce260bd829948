package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.spec.text.Printable;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description = "Follows a run to its end; Ctrl-C detaches and leaves it running.")
final class WatchCommand implements Callable<Integer> {

    private static final int CLOCK_START = 11;
    private static final int CLOCK_END = 19;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Mixin private OutputOptions output;

    WatchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        return new RunFollower(terminal, api, id).follow(null, this::show);
    }

    private void show(JsonNode event) {
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.progress("");
            terminal.out().println(line(event));
        } else {
            terminal.out().println(event);
        }
        terminal.out().flush();
    }

    private static String line(JsonNode event) {
        String at = event.path("at").asText();
        String clock = at.length() >= CLOCK_END ? at.substring(CLOCK_START, CLOCK_END) : at;
        String stage = event.path("stage").isTextual() ? event.path("stage").asText() + ": " : "";
        return clock + "  " + stage + Printable.of(event.path("message").asText());
    }
}
