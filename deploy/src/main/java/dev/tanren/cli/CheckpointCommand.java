package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "checkpoint",
        mixinStandardHelpOptions = true,
        description = "Lists and verifies checkpoints, and takes care of their store.",
        subcommands = {
            CheckpointCommand.ListThem.class,
            CheckpointCommand.Verify.class,
            CheckpointStoreCommand.Rebuild.class,
            CheckpointStoreCommand.Collect.class
        })
final class CheckpointCommand {

    private CheckpointCommand() {}

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists the checkpoints of a run.")
    static final class ListThem implements Callable<Integer> {

        private static final List<Table.Column> COLUMNS =
                List.of(
                        Table.Column.of("STAGE", "stage"),
                        Table.Column.of("PHASE", "phase"),
                        Table.Column.of("STEP", "step"),
                        Table.Column.of("ATTEMPT", "attempt"),
                        new Table.Column("LOSS", row -> Figures.decimals(row.path("loss"), 4)),
                        new Table.Column("SIZE", row -> Figures.bytes(row.path("bytes").asLong())),
                        Table.Column.hash("SHA-256", "weightsSha256"),
                        Table.Column.time("COMMITTED", "committedAt"),
                        Table.Column.time("VERIFIED", "verifiedAt"),
                        Table.Column.of("QUARANTINED", "quarantined"));

        private final Terminal terminal;

        @Parameters(paramLabel = "RUN", description = "Id of the run.")
        private String id;

        @Mixin private OutputOptions output;

        ListThem(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            ApiClient api = new ApiClient(Server.of(terminal.environment()));
            JsonNode page = api.get("/runs/" + ApiClient.name(id) + "/checkpoints");
            output.list(terminal, page.path("items"), COLUMNS);
            return Exit.OK;
        }
    }

    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = "Reads a checkpoint whole and compares every hash.")
    static final class Verify implements Callable<Integer> {

        private final Terminal terminal;

        @Parameters(index = "0", paramLabel = "RUN", description = "Id of the run.")
        private String id;

        @Parameters(index = "1", paramLabel = "STAGE", description = "Id of the stage.")
        private String stage;

        @Parameters(index = "2", paramLabel = "STEP", description = "Step of the checkpoint.")
        private long step;

        @Mixin private OutputOptions output;

        Verify(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            ApiClient api = new ApiClient(Server.of(terminal.environment()));
            String path =
                    "/runs/%s/checkpoints/%s/%d/verify"
                            .formatted(ApiClient.encode(id), ApiClient.encode(stage), step);
            JsonNode answer = api.post(path, null, Map.of());
            if (output.form() == OutputOptions.Form.TABLE) {
                terminal.out().println("sound   " + answer.path("weightsSha256").asText());
            } else {
                output.data(terminal, answer);
            }
            return Exit.OK;
        }
    }
}
