package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import picocli.CommandLine.Option;

/// The form in which a command writes its data.
final class OutputOptions {

    enum Form {
        TABLE,
        JSON,
        YAML
    }

    /// `-o json`, `-ojson`, `-o=json`, `--output json`, `--output=json`.
    private static final Pattern NAMED = Pattern.compile("--output(?:=(.*))?|-o(?:=?(.+))?");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "Form of the data: ${COMPLETION-CANDIDATES}.")
    private @Nullable Form form;

    @Option(names = "--json", description = "The same as -o json.")
    private boolean json;

    Form form() {
        if (json) {
            return Form.JSON;
        }
        return form == null ? Form.TABLE : form;
    }

    /// Writes a list of objects.
    ///
    /// @param columns what the table shows of each
    void list(Terminal terminal, JsonNode items, List<Table.Column> columns) {
        if (form() == Form.TABLE) {
            new Table(columns).print(items, terminal.out());
        } else {
            data(terminal, items);
        }
    }

    /// Writes data as JSON or YAML; JSON where the form is a table.
    void data(Terminal terminal, JsonNode data) {
        write(form(), data, terminal.out());
    }

    static void write(Form form, JsonNode data, PrintStream to) {
        if (form == Form.YAML) {
            Dump dump =
                    new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build());
            Object tree = Json.mapper().convertValue(data, Object.class);
            to.print(dump.dumpToString(tree));
        } else {
            to.println(data.toString());
        }
        to.flush();
    }

    /// The form that a command line asks for, also where it cannot be parsed: an error has the form
    /// of the data.
    static Form asked(String... arguments) {
        Form form = Form.TABLE;
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (argument.equals("--")) {
                break;
            }
            if (argument.equals("--json")) {
                return Form.JSON;
            }
            Matcher named = NAMED.matcher(argument);
            if (named.matches()) {
                String value = named.group(1) != null ? named.group(1) : named.group(2);
                String next = i + 1 < arguments.length ? arguments[i + 1] : "";
                form = form(value == null ? next : value, form);
            }
        }
        return form;
    }

    private static Form form(String name, Form otherwise) {
        return Arrays.stream(Form.values())
                .filter(form -> form.name().equalsIgnoreCase(name))
                .findFirst()
                .orElse(otherwise);
    }
}
