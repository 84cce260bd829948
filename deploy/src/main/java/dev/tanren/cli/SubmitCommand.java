package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "submit",
        mixinStandardHelpOptions = true,
        description = "Starts a run of a plan and prints its id.")
final class SubmitCommand implements Callable<Integer> {

    private static final List<Table.Column> STAGES =
            List.of(
                    Table.Column.of("STAGE", "id"),
                    Table.Column.of("TYPE", "type"),
                    new Table.Column("STEPS", stage -> number(stage, "steps")),
                    new Table.Column("TOKENS", stage -> number(stage, "tokens")),
                    new Table.Column("RANKS", stage -> number(stage, "ranks")),
                    new Table.Column("CHECKPOINTS", stage -> number(stage, "checkpoints")));

    private final Terminal terminal;

    @Parameters(paramLabel = "FILE", description = "The plan, in YAML or JSON.")
    private Path file;

    @Option(
            names = "--wait",
            description =
                    "Follow the run to its end; exit code 1 when it fails. With --json the run is"
                            + " printed as it ended.")
    private boolean wait;

    @Option(
            names = "--dry-run",
            description = "Have the server check the plan and say what would run; start nothing.")
    private boolean dryRun;

    @Option(
            names = "--idempotency-key",
            paramLabel = "KEY",
            description =
                    "The same key with the same plan starts one run, however often it is sent.")
    private @Nullable String idempotencyKey;

    @Mixin private OutputOptions output;

    SubmitCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    private static String number(JsonNode stage, String field) {
        JsonNode value = stage.path("training").path(field);
        return value.isNumber() ? String.format(Locale.ROOT, "%,d", value.asLong()) : "";
    }

    @Override
    public Integer call() throws InterruptedException {
        PlanFile plan = PlanFile.read(terminal.resolve(file)).submittable();
        if (Server.isOfStack(terminal.environment())) {
            AbsentFiles.of(plan, plan.plan()).requireNone();
        }
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        if (dryRun) {
            preview(api.send("/plans/explain", plan.text(), plan.mediaType(), Map.of()));
            return Exit.OK;
        }
        plan.admit(terminal.environment());
        JsonNode run = new Submission(api, terminal::say).start(plan, idempotencyKey);
        String id = run.path("id").asText();
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(id);
            terminal.out().flush();
        } else if (!wait) {
            output.data(terminal, run);
        }
        if (!wait) {
            terminal.say("Follow it with: ./tanren run watch " + id);
            return Exit.OK;
        }
        RunFollower follower = new RunFollower(terminal, api, id);
        int code = follower.follow(null, RunFollower.Listener.NONE);
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, follower.outcome());
        }
        return code;
    }

    private void preview(JsonNode explanation) {
        if (output.form() == OutputOptions.Form.TABLE) {
            new Table(STAGES).print(explanation.path("stages"), terminal.out());
        } else {
            output.data(terminal, explanation);
        }
        terminal.say("The plan is valid. Nothing was started: --dry-run.");
    }
}
