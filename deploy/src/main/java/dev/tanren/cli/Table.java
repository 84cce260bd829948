package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.text.Printable;
import java.io.PrintStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/// A table for people, as wide as its contents.
record Table(List<Column> columns) {

    private static final int HASH_DIGITS = 12;
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /// @param text what a row shows
    record Column(String title, Function<JsonNode, String> text) {

        /// Shows a field as it is; nothing where it is null.
        static Column of(String title, String field) {
            return new Column(title, row -> text(row.path(field)));
        }

        /// Shows an instant to the second, in UTC.
        static Column time(String title, String field) {
            return new Column(title, row -> seconds(text(row.path(field))));
        }

        /// Shows the beginning of a hash, by which people tell hashes apart.
        static Column hash(String title, String field) {
            return new Column(
                    title,
                    row -> {
                        String whole = text(row.path(field));
                        return whole.substring(0, Math.min(HASH_DIGITS, whole.length()));
                    });
        }

        private static String text(JsonNode value) {
            return value.isNull() ? "" : value.asText("");
        }

        private static String seconds(String instant) {
            try {
                return SECONDS.format(Instant.parse(instant));
            } catch (DateTimeParseException notAnInstant) {
                return instant;
            }
        }
    }

    Table {
        columns = List.copyOf(columns);
    }

    void print(JsonNode rows, PrintStream out) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns.stream().map(Column::title).toList());
        for (JsonNode row : rows) {
            lines.add(
                    columns.stream()
                            .map(column -> Printable.of(column.text().apply(row)))
                            .toList());
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
