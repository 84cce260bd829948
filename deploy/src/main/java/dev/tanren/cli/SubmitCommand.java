package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.nio.file.Path;
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

    private final Terminal terminal;

    @Parameters(paramLabel = "FILE", description = "The plan, in YAML or JSON.")
    private Path file;

    @Option(names = "--wait", description = "Follow the run to its end; exit code 1 when it fails.")
    private boolean wait;

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

    @Override
    public Integer call() throws InterruptedException {
        JsonNode plan = PlanFile.read(terminal.resolve(file)).submittable();
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        Map<String, String> headers =
                idempotencyKey == null ? Map.of() : Map.of("Idempotency-Key", idempotencyKey);
        JsonNode run = api.post("/runs", plan, headers);
        String id = run.path("id").asText(run.path("run").path("id").asText());
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(id);
            terminal.out().flush();
        } else {
            output.data(terminal, run);
        }
        if (!wait) {
            terminal.say("Follow it with: ./tanren run watch " + id);
            return Exit.OK;
        }
        return new RunFollower(terminal, api, id).follow(null, event -> {});
    }
}
