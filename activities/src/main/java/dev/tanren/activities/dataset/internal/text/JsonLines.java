package dev.tanren.activities.dataset.internal.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.tanren.plan.json.Json;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/// Finds the text of a document in a line of JSON: a string field of the line's object. Where the
/// field comes twice, the last one counts.
public final class JsonLines {

    private static final int DEEPEST = 1_000;
    private static final int LONGEST_NAME = 50_000;
    private static final int MOST_DIGITS = 1_000;

    private final JsonFactory json =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    // The line's own limit is the limit of its strings.
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .maxNestingDepth(DEEPEST)
                                    .maxNameLength(LONGEST_NAME)
                                    .maxNumberLength(MOST_DIGITS)
                                    .build())
                    .build();
    private final String field;

    /// @param field of the object that holds the text
    public JsonLines(String field) {
        this.field = field;
    }

    /// The text of a line in memory.
    ///
    /// @throws JsonLineException where it is no JSON object with the field
    public String text(String line) throws JsonLineException {
        try (JsonParser parser = json.createParser(line)) {
            return read(new InMemory(parser));
        } catch (IOException e) {
            throw refused(e);
        }
    }

    /// The text of a line in a file, in another file.
    ///
    /// @throws JsonLineException where it is no JSON object with the field
    public LongText text(Path line, Path target) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(line));
                InFile cursor = new InFile(new Utf8Reader(in), target)) {
            return read(cursor);
        } catch (JsonProcessingException e) {
            throw refused(e);
        }
    }

    /// Where a line is read, and how a string value is taken from it.
    private interface Cursor<T> {
        JsonParser parser();

        T take() throws IOException;
    }

    private <T> T read(Cursor<T> cursor) throws IOException {
        JsonToken first = cursor.parser().nextToken();
        if (first != JsonToken.START_OBJECT) {
            throw new JsonLineException(
                    first == JsonToken.START_ARRAY
                            ? "the line is a JSON array, not one object"
                            : "the line is no JSON object");
        }
        T text = null;
        while (cursor.parser().nextToken() == JsonToken.FIELD_NAME) {
            boolean wanted = field.equals(cursor.parser().currentName());
            JsonToken value = cursor.parser().nextToken();
            if (!wanted) {
                cursor.parser().skipChildren();
            } else if (value == JsonToken.VALUE_STRING) {
                text = cursor.take();
            } else {
                throw new JsonLineException("the field '" + field + "' is no string");
            }
        }
        if (cursor.parser().nextToken() != null) {
            throw new JsonLineException("something follows the JSON object");
        }
        if (text == null) {
            throw new JsonLineException(
                    "the line has no field '" + field + "'; textField in the plan names it");
        }
        return text;
    }

    private static JsonLineException refused(IOException e) {
        return switch (e) {
            case JsonLineException told -> told;
            case StreamConstraintsException tooMuch ->
                    new JsonLineException(
                            "the line nests deeper than "
                                    + DEEPEST
                                    + ", or has a name of more than "
                                    + LONGEST_NAME
                                    + " characters or a number of more than "
                                    + MOST_DIGITS
                                    + " digits");
            case JsonProcessingException malformed ->
                    new JsonLineException("the line is no JSON: " + Json.problem(malformed));
            default -> new JsonLineException("the line is no JSON: " + e.getMessage());
        };
    }

    private record InMemory(JsonParser parser) implements Cursor<String> {
        @Override
        public String take() throws IOException {
            return parser.getText();
        }
    }

    /// The parser would hold the whole string; so it is stopped in front of it, the string is read
    /// here, and a second parser reads on behind it as if it had read a shorter one.
    private final class InFile implements Cursor<LongText>, AutoCloseable {

        private final Path target;
        private Reader rest;
        private JsonParser parser;

        private InFile(Reader line, Path target) throws IOException {
            this.target = target;
            this.rest = line;
            this.parser = json.createParser(line);
        }

        @Override
        public JsonParser parser() {
            return parser;
        }

        @Override
        public LongText take() throws IOException {
            StringWriter taken = new StringWriter();
            parser.releaseBuffered(taken);
            JsonString string = new JsonString(taken.toString(), rest);
            LongText text;
            try (LongText.Builder builder = new LongText.Builder(target)) {
                string.copyTo(builder);
                text = builder.finish();
            }
            rest = string.behind("{\"\":\"\"");
            parser = json.createParser(rest);
            parser.nextToken();
            parser.nextToken();
            parser.nextToken();
            return text;
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }
}
