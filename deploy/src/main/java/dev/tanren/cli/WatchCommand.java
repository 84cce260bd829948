package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.Printable;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
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
        return new RunFollower(terminal, api, id).follow(null, new Lines());
    }

    private final class Lines implements RunFollower.Listener {

        @Override
        public void event(JsonNode event) {
            show(event);
        }

        /// On a terminal one line shows where the run stands; what is kept has a line each.
        @Override
        public void steps(JsonNode run) {
            if (terminal.kept()) {
                ObjectNode steps = Json.mapper().createObjectNode();
                steps.put("type", "steps");
                steps.put("at", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
                for (String key :
                        List.of("stage", "step", "totalSteps", "loss", "tokensPerSecond")) {
                    if (run.has(key)) {
                        steps.set(key, run.path(key));
                    }
                }
                show(steps.put("message", message(run)));
            }
        }
    }

    private static String message(JsonNode run) {
        StringBuilder text = new StringBuilder("step ").append(run.path("step").asLong());
        text.append(" of ").append(run.path("totalSteps").asLong());
        if (run.path("loss").isNumber()) {
            text.append(", loss ").append(Figures.decimals(run.path("loss"), 4));
        }
        if (run.path("tokensPerSecond").isNumber()) {
            text.append(", ").append(Figures.decimals(run.path("tokensPerSecond"), 0));
            text.append(" tokens/s");
        }
        return text.toString();
    }

    /// Steps and events come from threads of their own.
    private synchronized void show(JsonNode event) {
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
