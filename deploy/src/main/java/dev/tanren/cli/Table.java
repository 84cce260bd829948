package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// A table for people, as wide as its contents.
record Table(List<Column> columns) {

    /// @param text what a row shows
    record Column(String title, Function<JsonNode, String> text) {

        /// Shows a field as it is; nothing where it is null.
        static Column of(String title, String field) {
            return new Column(title, row -> row.path(field).asText("").replace("null", ""));
        }
    }

    Table {
        columns = List.copyOf(columns);
    }

    void print(JsonNode rows, PrintStream out) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns.stream().map(Column::title).toList());
        for (JsonNode row : rows) {
            lines.add(columns.stream().map(column -> column.text().apply(row)).toList());
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.size(); i++) {
                text.append(line.get(i));
                text.repeat(' ', width(lines, i) - line.get(i).length() + 2);
            }
            out.println(text.toString().stripTrailing());
        }
        out.flush();
    }

    private static int width(List<List<String>> lines, int column) {
        return lines.stream().mapToInt(line -> line.get(column).length()).max().orElse(0);
    }
}
