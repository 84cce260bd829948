package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Shows the parts of the embedded stack; exit code 0 when all of them work.")
final class StatusCommand implements Callable<Integer> {

    private static final List<Table.Column> COLUMNS =
            List.of(
                    Table.Column.of("PART", "name"),
                    Table.Column.of("STATE", "state"),
                    new Table.Column(
                            "HEALTHY", row -> row.path("healthy").asBoolean() ? "yes" : "no"),
                    Table.Column.of("PID", "pid"),
                    Table.Column.of("PORT", "port"),
                    Table.Column.of("RESTARTS", "restarts"),
                    Table.Column.time("SINCE", "since"),
                    Table.Column.of("DETAIL", "detail"));

    private final Terminal terminal;

    @Mixin private OutputOptions output;

    StatusCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        TanrenHome home = TanrenHome.of(terminal.environment());
        ObjectNode view =
                new StackControl(home)
                        .last()
                        .map(status -> StatusView.of(home, status))
                        .orElseThrow(
                                () ->
                                        new TanrenException(
                                                ErrorCode.STACK_NOT_RUNNING,
                                                "The embedded stack has never been started here.",
                                                home.folder().toString(),
                                                "Start it: ./tanren up"));
        JsonNode workers =
                view.path("running").asBoolean()
                        ? WorkersView.of(terminal.environment())
                        : Json.mapper().createArrayNode();
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println("stack    " + view.path("phase").asText());
            terminal.out().println("console  " + view.path("console").asText());
            terminal.out().println("token    " + view.path("tokenFile").asText());
            terminal.out().println();
        }
        if (output.form() == OutputOptions.Form.TABLE) {
            output.list(terminal, view.path("parts"), COLUMNS);
            WorkersView.print(workers, terminal);
            if (view.path("phase").asText().equals(StatusView.UNSUPERVISED)) {
                terminal.say(
                        "The stack's supervisor has ended, and nobody starts its parts again.\n"
                                + "  mend:  ./tanren up takes over what still runs, ./tanren down"
                                + " stops it");
            }
        } else {
            view.set("workers", workers);
            output.data(terminal, view);
        }
        return sound(view) ? Exit.OK : Exit.FAILED;
    }

    private static boolean sound(JsonNode view) {
        boolean sound = view.path("running").asBoolean();
        for (JsonNode part : view.path("parts")) {
            sound &= part.path("healthy").asBoolean();
        }
        return sound;
    }
}
