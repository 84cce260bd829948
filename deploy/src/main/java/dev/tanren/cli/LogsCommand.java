package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Prints the log of a rank; by default rank 0 of the newest attempt.")
final class LogsCommand implements Callable<Integer> {

    private static final long POLL_MILLIS = 1000;

    /// So many equal lines tell where an earlier answer ended in a later one.
    private static final int OVERLAP = 20;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--stage", description = "Id of the stage.")
    private @Nullable String stage;

    @Option(names = "--attempt", description = "Number of the attempt.")
    private @Nullable Integer attempt;

    @Option(names = "--rank", defaultValue = "0", description = "Rank (default: 0).")
    private int rank;

    @Option(
            names = "--tail",
            defaultValue = "400",
            description = "How many lines from the end (default: ${DEFAULT-VALUE}).")
    private int tail;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on as the log grows, until Ctrl-C.")
    private boolean follow;

    @Mixin private OutputOptions output;

    LogsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        JsonNode chosen = choose(api);
        List<String> seen = fetch(api, chosen);
        print(chosen, seen);
        while (follow) {
            Thread.sleep(POLL_MILLIS);
            JsonNode newest = choose(api);
            List<String> now = fetch(api, newest);
            print(newest, newest.equals(chosen) ? after(seen, now) : now);
            chosen = newest;
            seen = now;
        }
        return Exit.OK;
    }

    /// Stage, attempt and rank of the log that was asked for.
    private JsonNode choose(ApiClient api) {
        JsonNode answer = api.get("/runs/" + ApiClient.encode(id) + "/logs");
        JsonNode newest = null;
        for (JsonNode entry : answer.has("items") ? answer.path("items") : answer) {
            boolean wanted =
                    entry.path("rank").asInt() == rank
                            && (stage == null || stage.equals(entry.path("stage").asText()))
                            && (attempt == null || attempt == entry.path("attempt").asInt());
            if (wanted) {
                newest = entry;
            }
        }
        if (newest == null) {
            throw new TanrenException(
                    ErrorCode.NOT_FOUND,
                    "The run has no such log.",
                    "run " + id + ", rank " + rank,
                    "See its stages and attempts: ./tanren run get " + id);
        }
        ObjectNode chosen = Json.mapper().createObjectNode();
        chosen.set("stage", newest.path("stage"));
        chosen.set("attempt", newest.path("attempt"));
        chosen.set("rank", newest.path("rank"));
        return chosen;
    }

    private List<String> fetch(ApiClient api, JsonNode log) {
        Map<String, String> parameters = new HashMap<>();
        log.properties().forEach(it -> parameters.put(it.getKey(), it.getValue().asText()));
        parameters.put("tail", Integer.toString(tail));
        String path = "/runs/" + ApiClient.encode(id) + "/logs" + ApiClient.query(parameters);
        try (Stream<String> lines = api.lines(path, "text/plain", Map.of())) {
            return lines.toList();
        }
    }

    /// The lines of `now` behind those of `seen`.
    static List<String> after(List<String> seen, List<String> now) {
        List<String> end = seen.subList(Math.max(0, seen.size() - OVERLAP), seen.size());
        int at = Collections.lastIndexOfSubList(now, end);
        return at < 0 ? now : now.subList(at + end.size(), now.size());
    }

    private void print(JsonNode log, List<String> lines) {
        for (String line : lines) {
            if (output.form() == OutputOptions.Form.TABLE) {
                terminal.out().println(line);
            } else {
                ObjectNode object = log.deepCopy();
                terminal.out().println(object.put("line", line));
            }
        }
        terminal.out().flush();
    }
}
