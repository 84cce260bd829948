package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Asks for a change of a run's state, or says beforehand what it would do.
abstract sealed class RunActionCommand implements Callable<Integer> {

    private final Terminal terminal;
    private final RunAction action;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--reason", description = "Why, for the record.")
    private @Nullable String reason;

    @Option(names = "--dry-run", description = "Say what would happen, and do nothing.")
    private boolean dryRun;

    @Mixin private OutputOptions output;

    RunActionCommand(Terminal terminal, RunAction action) {
        this.terminal = terminal;
        this.action = action;
    }

    /// What happens to the run, for people.
    abstract String effect(JsonNode recovery);

    /// Whether to go on.
    boolean confirmed(Terminal asked, ApiClient api, String run) {
        return true;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        if (dryRun) {
            preview(api);
            return Exit.OK;
        }
        if (!confirmed(terminal, api, id)) {
            return Exit.INTERRUPTED;
        }
        ObjectNode body = Json.mapper().createObjectNode();
        if (reason != null) {
            body.put("reason", reason);
        }
        JsonNode answer = api.post(path(id) + "/" + action.key(), body, Map.of());
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, answer);
        }
        terminal.say(
                "run "
                        + id
                        + " is "
                        + answer.path("status").asText("asked to " + action.key())
                        + ". Follow it with: ./tanren run watch "
                        + id);
        return Exit.OK;
    }

    private void preview(ApiClient api) {
        JsonNode run = api.get(path(id)).path("run");
        String status = run.path("status").asText();
        List<String> allowed =
                StreamSupport.stream(run.path("actions").spliterator(), false)
                        .map(JsonNode::asText)
                        .toList();
        if (!allowed.contains(action.key())) {
            String needed =
                    action.allowedIn(RunState.of(status))
                            ? "this token may not " + action.key() + " it."
                            : "to " + action.key() + " it, it must be one of: " + action.states();
            throw new TanrenException(
                    ErrorCode.STATE_CONFLICT,
                    "The run is " + status + "; " + needed,
                    "run " + id,
                    allowed.isEmpty()
                            ? "Nothing can be asked of it now. See: ./tanren run get " + id
                            : "What can be asked of it now: " + String.join(", ", allowed));
        }
        JsonNode recovery = api.get(path(id) + "/recovery");
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(effect(recovery));
            terminal.out().flush();
        } else {
            ObjectNode view = Json.mapper().createObjectNode();
            view.put("dryRun", true)
                    .put("run", id)
                    .put("action", action.key())
                    .put("status", status);
            view.put("effect", effect(recovery)).set("recovery", recovery);
            output.data(terminal, view);
        }
        terminal.say("Nothing was changed: --dry-run.");
    }

    private static String path(String run) {
        return "/runs/" + ApiClient.name(run);
    }

    /// The server's preview of a resume, with the time that computing lost steps again takes.
    private static String resumption(JsonNode recovery) {
        JsonNode seconds = recovery.path("secondsLost");
        String again =
                seconds.asDouble() >= 1
                        ? " Computing them again takes about "
                                + Figures.duration(seconds.asDouble())
                                + "."
                        : "";
        return recovery.path("summary").asText() + again;
    }

    @Command(
            name = "pause",
            mixinStandardHelpOptions = true,
            description = "Saves and pauses a run; a paused run holds no worker.")
    static final class Pause extends RunActionCommand {
        Pause(Terminal terminal) {
            super(terminal, RunAction.PAUSE);
        }

        @Override
        String effect(JsonNode recovery) {
            return "The ranks finish their step, save it and end. Nothing is lost, and no worker is"
                    + " held while the run is paused.";
        }
    }

    @Command(
            name = "resume",
            mixinStandardHelpOptions = true,
            description = "Lets a paused run go on.")
    static final class Resume extends RunActionCommand {
        Resume(Terminal terminal) {
            super(terminal, RunAction.RESUME);
        }

        @Override
        String effect(JsonNode recovery) {
            return resumption(recovery);
        }
    }

    @Command(
            name = "cancel",
            mixinStandardHelpOptions = true,
            description = "Ends a run; its checkpoints stay.")
    static final class Cancel extends RunActionCommand {

        @Mixin private ConfirmOption confirm;

        Cancel(Terminal terminal) {
            super(terminal, RunAction.CANCEL);
        }

        @Override
        String effect(JsonNode recovery) {
            return "The ranks end now; committed checkpoints stay. A retry would then do this: "
                    + resumption(recovery);
        }

        @Override
        boolean confirmed(Terminal asked, ApiClient api, String run) {
            return confirm.holds(
                    asked,
                    () -> {
                        JsonNode now = api.get(path(run)).path("run");
                        if (RunState.of(now.path("status").asText()).terminal()) {
                            // The server says why it cannot be.
                            return "";
                        }
                        return "Cancel run "
                                + now.path("name").asText()
                                + ", which is "
                                + now.path("status").asText()
                                + (now.path("totalSteps").asLong() > 0
                                        ? " at step "
                                                + now.path("step").asLong()
                                                + " of "
                                                + now.path("totalSteps").asLong()
                                        : "")
                                + "? Its checkpoints stay.";
                    });
        }
    }

    @Command(
            name = "retry",
            mixinStandardHelpOptions = true,
            description = "Goes on with a failed or cancelled run from its last checkpoint.")
    static final class Retry extends RunActionCommand {
        Retry(Terminal terminal) {
            super(terminal, RunAction.RETRY);
        }

        @Override
        String effect(JsonNode recovery) {
            return resumption(recovery);
        }
    }
}
