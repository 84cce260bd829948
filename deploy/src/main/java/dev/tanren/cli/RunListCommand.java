package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", mixinStandardHelpOptions = true, description = "Lists runs, newest first.")
final class RunListCommand implements Callable<Integer> {

    private static final int PAGE = 100;

    /// The whole of it is on the run's own page.
    private static final int LONGEST_REASON = 60;
    private static final List<Table.Column> COLUMNS =
            List.of(
                    Table.Column.of("ID", "id"),
                    Table.Column.of("NAME", "name"),
                    Table.Column.of("STATUS", "status"),
                    Table.Column.of("STAGE", "stage"),
                    new Table.Column("STEP", RunListCommand::step),
                    new Table.Column("LOSS", row -> Figures.decimals(row.path("loss"), 4)),
                    new Table.Column(
                            "TOKENS/S", row -> Figures.decimals(row.path("tokensPerSecond"), 0)),
                    Table.Column.of("ATTEMPTS", "attempts"),
                    new Table.Column("REASON", RunListCommand::reason),
                    Table.Column.time("CREATED", "createdAt"));

    private final Terminal terminal;

    @Option(
            names = "--status",
            split = ",",
            description = "Only runs of these states, such as running,failed.")
    private List<String> statuses = List.of();

    @Option(names = "--name", description = "Only runs with this in their name.")
    private @Nullable String name;

    @Option(
            names = "--limit",
            defaultValue = "50",
            description = "How many at most (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Mixin private OutputOptions output;

    RunListCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    private static String reason(JsonNode row) {
        String reason = row.path("reason").asText("");
        return reason.length() <= LONGEST_REASON
                ? reason
                : reason.substring(0, LONGEST_REASON) + "…";
    }

    private static String step(JsonNode row) {
        long total = row.path("totalSteps").asLong();
        return total == 0 ? "" : row.path("step").asLong() + "/" + total;
    }

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new TanrenException(
                    ErrorCode.USAGE, "--limit is " + limit + ".", "--limit", "Give 1 or more.");
        }
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        ArrayNode runs = Json.mapper().createArrayNode();
        String cursor = "";
        do {
            Map<String, String> parameters = new HashMap<>();
            parameters.put("status", String.join(",", statuses));
            parameters.put("name", name == null ? "" : name);
            parameters.put("limit", Integer.toString(Math.min(PAGE, limit - runs.size())));
            parameters.put("cursor", cursor);
            JsonNode page = api.get("/runs" + ApiClient.query(parameters));
            page.path("items").forEach(runs::add);
            cursor = page.path("nextCursor").asText("");
            cursor = page.path("nextCursor").isNull() ? "" : cursor;
        } while (!cursor.isEmpty() && runs.size() < limit);
        output.list(terminal, runs, COLUMNS);
        return Exit.OK;
    }
}
