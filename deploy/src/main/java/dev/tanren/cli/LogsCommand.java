package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.cli.LogTail.Log;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.Printable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
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
            description = "Go on as the log grows, over new attempts too, to the run's end.")
    private boolean follow;

    @Option(names = "--all", description = "The whole log, however long it is.")
    private boolean all;

    @Mixin private OutputOptions output;

    LogsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (follow && all) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "--all and --follow were given together",
                    "run logs",
                    "take one: --all prints what there is, --follow goes on from the last lines");
        }
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        requireStage(api);
        if (follow) {
            follow(api);
        } else {
            Log log = newest(api).orElseThrow(() -> missing(api));
            if (all) {
                printAll(api, log);
                return Exit.OK;
            }
            print(log, text(api, log, tail).lines().toList());
        }
        return Exit.OK;
    }

    /// Line by line: a log may be larger than the memory.
    private void printAll(ApiClient api, Log log) {
        String path =
                "/runs/%s/logs/%s/%d/%d"
                        .formatted(ApiClient.encode(id), log.stage(), log.attempt(), log.rank());
        try (Stream<String> lines = api.lines(path, "text/plain", Map.of())) {
            lines.forEach(line -> print(log, List.of(line)));
        }
    }

    private void follow(ApiClient api) throws InterruptedException {
        Thread goodbye = new Thread(this::sayGoodbye);
        Runtime.getRuntime().addShutdownHook(goodbye);
        try {
            @Nullable LogTail shown = null;
            while (true) {
                // Asked before the log is read, so that the last lines are read after the end.
                String status = status(api);
                Optional<Log> log = newest(api);
                if (log.isPresent()) {
                    if (shown == null || !shown.log().sameAs(log.get())) {
                        printRest(shown);
                        shown = new LogTail(log.get(), tail, (it, lines) -> text(api, it, lines));
                    }
                    print(shown.log(), shown.more(() -> newest(api)));
                }
                if (RunFollower.ENDED.contains(status)) {
                    printRest(shown);
                    terminal.say("run " + id + " " + status);
                    return;
                }
                if (log.isEmpty()) {
                    terminal.progress("run " + id + " is " + status + "; waiting for its log ...");
                }
                Thread.sleep(POLL_MILLIS);
            }
        } finally {
            Runtime.getRuntime().removeShutdownHook(goodbye);
        }
    }

    private void printRest(@Nullable LogTail shown) {
        if (shown != null) {
            print(shown.log(), shown.rest());
        }
    }

    private void sayGoodbye() {
        terminal.say("Detached; the run goes on. Come back with: ./tanren run logs -f " + id);
    }

    private String status(ApiClient api) {
        return api.get("/runs/" + ApiClient.name(id)).path("run").path("status").asText();
    }

    /// The log that was asked for.
    private Optional<Log> newest(ApiClient api) {
        return all(api).stream()
                .filter(log -> log.rank() == rank)
                .filter(log -> stage == null || stage.equals(log.stage()))
                .filter(log -> attempt == null || attempt == log.attempt())
                .reduce((first, second) -> second);
    }

    private List<Log> all(ApiClient api) {
        JsonNode items = api.get("/runs/" + ApiClient.name(id) + "/logs").path("items");
        return StreamSupport.stream(items.spliterator(), false)
                .map(
                        entry ->
                                new Log(
                                        entry.path("stage").asText(),
                                        entry.path("attempt").asInt(),
                                        entry.path("rank").asInt(),
                                        entry.path("bytes").asLong()))
                .toList();
    }

    /// A stage that the run does not have will never have a log.
    private void requireStage(ApiClient api) {
        if (stage == null) {
            return;
        }
        List<String> stages =
                StreamSupport.stream(
                                api.get("/runs/" + ApiClient.name(id)).path("stages").spliterator(),
                                false)
                        .map(entry -> entry.path("id").asText())
                        .toList();
        if (!stages.contains(stage)) {
            throw new TanrenException(
                    ErrorCode.NOT_FOUND,
                    "The run has no stage " + stage + ".",
                    "run " + id,
                    "Its stages are: " + String.join(", ", stages));
        }
    }

    /// Says which logs there are.
    private TanrenException missing(ApiClient api) {
        String there =
                all(api).stream()
                        .map(
                                log ->
                                        "--stage %s --attempt %d --rank %d"
                                                .formatted(log.stage(), log.attempt(), log.rank()))
                        .collect(Collectors.joining("; "));
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                "The run has no such log" + (there.isEmpty() ? " yet." : "."),
                "run " + id + ", rank " + rank,
                there.isEmpty()
                        ? "It begins with the first attempt of a stage that trains; with -f the"
                                + " command waits for it."
                        : "There are: " + there);
    }

    private String text(ApiClient api, Log log, long lines) {
        Map<String, String> parameters =
                Map.of(
                        "stage", log.stage(),
                        "attempt", Integer.toString(log.attempt()),
                        "rank", Integer.toString(log.rank()),
                        "tail", Long.toString(lines));
        return api.text("/runs/" + ApiClient.name(id) + "/logs" + ApiClient.query(parameters));
    }

    /// A rank writes what it likes, and a terminal obeys some of it. Tabs do no harm.
    private static String printable(String line) {
        return Arrays.stream(line.split("\t", -1))
                .map(Printable::of)
                .collect(Collectors.joining("\t"));
    }

    /// One JSON object a line for scripts, whichever form they ask for.
    private void print(Log log, List<String> lines) {
        if (!lines.isEmpty()) {
            terminal.progress("");
        }
        for (String line : lines) {
            if (output.form() == OutputOptions.Form.TABLE) {
                terminal.out().println(terminal.redirected() ? line : printable(line));
            } else {
                terminal.out().println(log.object().put("line", line));
            }
        }
        terminal.out().flush();
    }
}
