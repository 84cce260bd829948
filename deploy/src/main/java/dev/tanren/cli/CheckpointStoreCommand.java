package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Care of the object store as a whole, for administrators.
abstract sealed class CheckpointStoreCommand implements Callable<Integer> {

    private final Terminal terminal;
    private final String action;

    @Mixin private OutputOptions output;

    CheckpointStoreCommand(Terminal terminal, String action) {
        this.terminal = terminal;
        this.action = action;
    }

    /// What was done, a line each.
    abstract List<String> lines(JsonNode answer);

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        JsonNode answer = api.postAndWait("/store/" + action);
        if (output.form() == OutputOptions.Form.TABLE) {
            lines(answer).forEach(terminal.out()::println);
            terminal.out().flush();
        } else {
            output.data(terminal, answer);
        }
        return Exit.OK;
    }

    @Command(
            name = "rebuild",
            mixinStandardHelpOptions = true,
            description =
                    "Puts back what the database has lost of runs and checkpoints, from the object"
                            + " store.")
    static final class Rebuild extends CheckpointStoreCommand {
        Rebuild(Terminal terminal) {
            super(terminal, "rebuild");
        }

        @Override
        List<String> lines(JsonNode answer) {
            return List.of(
                    "runs recorded anew   " + ids(answer.path("restoredRuns")),
                    "checkpoints found    " + answer.path("checkpoints").asLong(),
                    "left: not ended      " + ids(answer.path("atWork")),
                    "left: no run.json    " + ids(answer.path("withoutRecord")),
                    "new tokens above     " + answer.path("tokensAbove").asLong());
        }

        private static String ids(JsonNode runs) {
            List<String> ids =
                    StreamSupport.stream(runs.spliterator(), false).map(JsonNode::asText).toList();
            return ids.isEmpty() ? "none" : String.join(", ", ids);
        }
    }

    @Command(
            name = "collect",
            mixinStandardHelpOptions = true,
            description =
                    "Removes what nobody needs or will finish: objects of deleted runs, what no"
                            + " checkpoint of an ended run names, uploads in parts whose writers are"
                            + " gone. Workers do so by themselves every ten minutes.")
    static final class Collect extends CheckpointStoreCommand {
        Collect(Terminal terminal) {
            super(terminal, "collect");
        }

        @Override
        List<String> lines(JsonNode answer) {
            return List.of(
                    "objects of deleted runs   " + answer.path("deletedRuns").asLong(),
                    "objects nobody names      " + answer.path("orphans").asLong(),
                    "uploads given up          " + answer.path("uploads").asLong());
        }
    }
}
