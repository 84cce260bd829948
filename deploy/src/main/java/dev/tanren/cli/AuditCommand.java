package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.units.Durations;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Shows who did what, newest first, and verifies that nothing was changed.")
final class AuditCommand implements Callable<Integer> {

    private static final int PAGE = 200;
    private static final List<Table.Column> COLUMNS =
            List.of(
                    Table.Column.of("ID", "id"),
                    Table.Column.time("AT", "at"),
                    Table.Column.of("ACTOR", "actor"),
                    Table.Column.of("ROLE", "role"),
                    Table.Column.of("FROM", "address"),
                    Table.Column.of("ACTION", "action"),
                    Table.Column.of("SUBJECT", "subject"),
                    new Table.Column("CHANGE", AuditCommand::change),
                    Table.Column.of("REASON", "reason"));

    private final Terminal terminal;

    @Option(
            names = "--since",
            defaultValue = "",
            paramLabel = "TIME",
            description = "From this time on: 2026-11-24T08:00:00Z, or ago: 30m, 12h, 7d.")
    private String since;

    @Option(
            names = "--until",
            defaultValue = "",
            paramLabel = "TIME",
            description = "Before this time.")
    private String until;

    @Option(
            names = "--actor",
            defaultValue = "",
            description = "Only what this one did: name or id of a token.")
    private String actor;

    @Option(
            names = "--action",
            defaultValue = "",
            description = "Only this, such as run.pause, or all of a kind, such as run.")
    private String action;

    @Option(
            names = "--subject",
            defaultValue = "",
            description = "Only what was done to this, such as run/ID.")
    private String subject;

    @Option(
            names = "--limit",
            defaultValue = "50",
            description = "How many at most (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Option(
            names = "--verify",
            description =
                    "Walks along the whole chain of hashes instead; exit code 1 where it is broken.")
    private boolean verify;

    @Mixin private OutputOptions output;

    AuditCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        return verify ? verified(api) : listed(api);
    }

    private int listed(ApiClient api) {
        Map<String, String> parameters = new HashMap<>();
        parameters.put("since", moment("--since", since));
        parameters.put("until", moment("--until", until));
        parameters.put("actor", actor);
        parameters.put("action", action);
        parameters.put("subject", subject);
        ArrayNode entries = Json.mapper().createArrayNode();
        String cursor = "";
        do {
            parameters.put("limit", Integer.toString(Math.min(PAGE, limit - entries.size())));
            parameters.put("cursor", cursor);
            JsonNode page = api.get("/audit" + ApiClient.query(parameters));
            page.path("items").forEach(entries::add);
            cursor = page.path("nextCursor").isNull() ? "" : page.path("nextCursor").asText("");
        } while (!cursor.isEmpty() && entries.size() < limit);
        output.list(terminal, entries, COLUMNS);
        return Exit.OK;
    }

    private int verified(ApiClient api) {
        JsonNode found = api.get("/audit/verification");
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, found);
        }
        if (!found.path("whole").asBoolean()) {
            throw new TanrenException(
                    ErrorCode.AUDIT_BROKEN,
                    "The entry does not follow from the one before it: it, or one before it, was"
                            + " changed or removed. "
                            + found.path("entries").asLong()
                            + " entries before it hold.",
                    "audit entry " + found.path("firstBroken").asText(),
                    "Compare with a backup of the database, and find out who may write to it.");
        }
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out()
                    .println(
                            Stream.of("first", "last")
                                    .map(end -> end(end, found.path(end)))
                                    .collect(
                                            Collectors.joining(
                                                    "",
                                                    "whole   "
                                                            + found.path("entries").asLong()
                                                            + " entries",
                                                    "")));
            terminal.out().flush();
        }
        return Exit.OK;
    }

    private static String end(String name, JsonNode entry) {
        return entry.isNull()
                ? ""
                : "%n%-5s   %s  %s  %s"
                        .formatted(
                                name,
                                entry.path("id").asText(),
                                entry.path("at").asText(),
                                entry.path("hash").asText());
    }

    /// `running → pausing`, or nothing where no state changed.
    private static String change(JsonNode row) {
        String before = row.path("before").path("state").asText("");
        String after = row.path("after").path("state").asText("");
        return before.isEmpty() && after.isEmpty() ? "" : (before + " → " + after).strip();
    }

    private static String moment(String option, String text) {
        if (text.isBlank()) {
            return "";
        }
        try {
            return Durations.moment(text, Instant.now()).toString();
        } catch (IllegalArgumentException e) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "This is no time: " + text,
                    option,
                    "Write it as 2026-11-24T08:00:00Z, or how long ago: 30m, 12h, 7d.",
                    e);
        }
    }
}
