package dev.tanren.activities.dataset.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import dev.tanren.activities.dataset.internal.packed.PackedException;
import dev.tanren.activities.dataset.internal.packed.Packing;
import dev.tanren.activities.dataset.internal.text.DocumentLimits;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.Utf8;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// What a file is: by the plan, by its name, and where neither tells by how its content begins.
///
/// JSON is never taken for a text by guess: what begins like JSON and cannot be told to be lines is
/// refused with the words that decide it.
final class FileFormats {

    /// How much of a file's beginning is looked at.
    static final int HEAD_BYTES = 1 << 16;

    private static final Pattern NUMBERED = Pattern.compile("(\\.\\d+)+$");
    private static final Set<String> LINES = Set.of("jsonl", "ndjson", "jsonlines", "jl");
    private static final JsonFactory JSON = new JsonFactory();

    private FileFormats() {}

    /// The file with its hash, and with its format where the plan did not give it.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` where it is of no format that can be told, or
    ///     too large for one
    static SourceFile identified(SourceFile file, SourceContent.Digest digest) {
        Dataset.Format format =
                switch (file.format()) {
                    case AUTO -> guessed(file, digest.head());
                    case TEXT, JSONL -> file.format();
                    case TOKENS_U16, TOKENS_U32 -> tokens(file, digest.head());
                };
        boolean plain = Packing.of(digest.head()) == Packing.NONE;
        int mark = Utf8.markBytes(digest.head());
        if (format == Dataset.Format.TEXT
                && plain
                && file.bytes() - mark > DocumentLimits.MOST_BYTES) {
            throw DocumentReader.tooLong("the text", file.where(), DocumentLimits.STANDARD);
        }
        return new SourceFile(
                file.source(), file.content(), format, file.textField(), digest.sha256());
    }

    private static Dataset.Format tokens(SourceFile file, byte[] head) {
        if (Packing.promisedBy(file.where())) {
            throw refused(
                    "the file is packed, and ready tokens are read as they are",
                    file.where(),
                    "Unpack it.");
        }
        Packing begins = Packing.byHeader(head);
        if (begins != Packing.NONE) {
            String packer = begins.name().toLowerCase(Locale.ROOT);
            throw refused(
                    "the file begins as a "
                            + packer
                            + " file does, and ready tokens are read as they are",
                    file.where(),
                    "Unpack it ("
                            + packer
                            + " -d). Where these bytes are ids all the same, let the file begin"
                            + " with another one.");
        }
        return file.format();
    }

    private static Dataset.Format guessed(SourceFile file, byte[] head) {
        String where = file.where();
        String extension = extension(where);
        if (LINES.contains(extension)) {
            return Dataset.Format.JSONL;
        }
        boolean mayBeLines = extension.isEmpty() || extension.equals("json");
        byte[] content = content(file, head);
        if (Utf8.wideWithoutMark(content).isPresent()) {
            // No JSON in this encoding; whoever reads it says so.
            return Dataset.Format.TEXT;
        }
        return switch (beginning(content, extension.equals("json"))) {
            case TEXT -> Dataset.Format.TEXT;
            case JSON_LINES -> {
                if (!mayBeLines) {
                    throw refused(
                            "its name says text, and its first line is a JSON object",
                            where,
                            "Give the source format: jsonl, or format: text to train on it as it"
                                    + " is written.");
                }
                yield Dataset.Format.JSONL;
            }
            case OTHER_JSON ->
                    throw refused(
                            "it begins as JSON does, but not with one object on a line",
                            where,
                            "Write one object a line (jq -c '.[]') and give the source format:"
                                    + " jsonl, or format: text to train on it as it is written.");
        };
    }

    /// Of the name without the endings of packing and numbering; empty where it has none.
    private static String extension(String where) {
        String name = where.substring(where.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        name = NUMBERED.matcher(Packing.stem(name)).replaceFirst("");
        name = Packing.stem(name);
        int dot = name.lastIndexOf('.');
        return dot <= 0 ? "" : name.substring(dot + 1);
    }

    /// The beginning of the content behind blanks, unpacked where the file is packed. What is
    /// damaged is told when the file is read.
    private static byte[] content(SourceFile file, byte[] head) {
        if (Packing.of(head) == Packing.NONE && !blank(head)) {
            return head;
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 12];
        try (InputStream in = Packing.unpacked(file.content().open(), file.where())) {
            for (int read = in.read(buffer);
                    read >= 0 && content.size() < HEAD_BYTES;
                    read = in.read(buffer)) {
                content.write(buffer, 0, read);
                if (blank(content.toByteArray())) {
                    content.reset();
                }
            }
        } catch (PackedException e) {
            return content.toByteArray();
        } catch (IOException e) {
            throw file.content().unreadable(e);
        }
        return content.toByteArray();
    }

    private static boolean blank(byte[] content) {
        return firstOf(content) == content.length;
    }

    /// Index of the first byte that is neither a mark nor white space.
    private static int firstOf(byte[] content) {
        int from = Utf8.markBytes(content);
        while (from < content.length && content[from] <= ' ' && content[from] >= 0) {
            from++;
        }
        return from;
    }

    private enum Beginning {
        TEXT,
        JSON_LINES,
        OTHER_JSON
    }

    private static Beginning beginning(byte[] content, boolean named) {
        int from = firstOf(content);
        if (from == content.length || (content[from] != '{' && content[from] != '[')) {
            return Beginning.TEXT;
        }
        int end = from;
        while (end < content.length && content[end] != '\n') {
            end++;
        }
        if (content[from] == '{' && object(content, from, end, end == content.length)) {
            return Beginning.JSON_LINES;
        }
        return named || nested(content, from) ? Beginning.OTHER_JSON : Beginning.TEXT;
    }

    /// Whether a line is one JSON object with a field, as far as it is known.
    ///
    /// @param open whether the line may go on behind `end`, in the middle of a word even
    private static boolean object(byte[] content, int from, int end, boolean open) {
        boolean fields = false;
        try (JsonParser parser = JSON.createNonBlockingByteArrayParser()) {
            ByteArrayFeeder feeder = (ByteArrayFeeder) parser.getNonBlockingInputFeeder();
            feeder.feedInput(content, from, end);
            if (!open) {
                feeder.endOfInput();
            }
            boolean whole = false;
            for (JsonToken token = parser.nextToken();
                    token != null && token != JsonToken.NOT_AVAILABLE;
                    token = parser.nextToken()) {
                if (whole) {
                    return false;
                }
                fields |= token == JsonToken.FIELD_NAME;
                whole = token == JsonToken.END_OBJECT && parser.getParsingContext().inRoot();
            }
            return fields && (whole || open);
        } catch (IOException e) {
            return false;
        }
    }

    /// Whether the content begins as an object of fields does, or a list of such.
    private static boolean nested(byte[] content, int from) {
        try (JsonParser parser = JSON.createParser(content, from, content.length - from)) {
            JsonToken token = parser.nextToken();
            while (token == JsonToken.START_ARRAY) {
                token = parser.nextToken();
            }
            return token == JsonToken.START_OBJECT && parser.nextToken() == JsonToken.FIELD_NAME;
        } catch (IOException e) {
            return false;
        }
    }

    private static TanrenException refused(String what, String where, String mend) {
        return new TanrenException(ErrorCode.SOURCE_UNREADABLE, what, where, mend);
    }
}
