package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.json.Json;
import java.util.List;
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
        if (form() == Form.YAML) {
            Dump dump =
                    new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build());
            Object tree = Json.mapper().convertValue(data, Object.class);
            terminal.out().print(dump.dumpToString(tree));
        } else {
            terminal.out().println(data.toString());
        }
        terminal.out().flush();
    }
}
