package dev.tanren.activities.dataset.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.github.luben.zstd.ZstdInputStream;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Dataset;
import dev.tanren.storage.objects.Sha256;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/// Reads the documents of a file: the whole file, or one of each JSON line.
///
/// Bytes must be valid UTF-8. A document has at most 256 MiB. Blank documents are passed over.
public final class DocumentReader {

    private static final int MAXIMUM_BYTES = 256 << 20;

    private final JsonFactory json = new JsonFactory();

    /// Gives each document's text to `sink` in the order of the file.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` naming file and line, also where the bytes are
    ///     not those that were hashed before
    public void read(SourceFile file, Consumer<String> sink) {
        Sha256 hash = new Sha256();
        try (InputStream raw = hash.over(new BufferedInputStream(file.content().open(), 1 << 18))) {
            if (file.format() == Dataset.Format.JSONL) {
                readLines(file, unpacked(file, raw), sink);
            } else {
                byte[] bytes = raw.readNBytes(MAXIMUM_BYTES + 1);
                if (bytes.length > MAXIMUM_BYTES) {
                    throw tooLarge(file.where());
                }
                emit(decode(bytes, bytes.length, file.where()), sink);
            }
            raw.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw unreadable("the file cannot be read: " + e, file.where(), e);
        }
        if (!hash.hex().equals(file.sha256())) {
            throw file.content().changed();
        }
    }

    private static InputStream unpacked(SourceFile file, InputStream raw) throws IOException {
        String name = file.where().toLowerCase(Locale.ROOT);
        if (name.endsWith(".gz")) {
            return new GZIPInputStream(raw, 1 << 16);
        }
        return name.endsWith(".zst") ? new ZstdInputStream(raw) : raw;
    }

    private void readLines(SourceFile file, InputStream in, Consumer<String> sink)
            throws IOException {
        LineBuffer line = new LineBuffer();
        byte[] buffer = new byte[1 << 16];
        long number = 1;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            int from = 0;
            for (int at = 0; at < read; at++) {
                if (buffer[at] == '\n') {
                    line.write(buffer, from, at - from);
                    readLine(file, line, number++, sink);
                    from = at + 1;
                }
            }
            line.write(buffer, from, read - from);
            if (line.size() > MAXIMUM_BYTES) {
                throw tooLarge(file.where() + ":" + number);
            }
        }
        readLine(file, line, number, sink);
    }

    private void readLine(SourceFile file, LineBuffer line, long number, Consumer<String> sink) {
        String where = file.where() + ":" + number;
        String text = decode(line.bytes(), line.size(), where);
        line.reset();
        if (text.isBlank()) {
            return;
        }
        try (JsonParser parser = json.createParser(text)) {
            emit(textField(parser, file.textField(), where), sink);
        } catch (JsonProcessingException e) {
            throw unreadable("the line is no JSON: " + e.getOriginalMessage(), where, e);
        } catch (IOException e) {
            throw unreadable("the line is no JSON: " + e, where, e);
        }
    }

    private static String textField(JsonParser parser, String field, String where)
            throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw unreadable("the line is no JSON object", where, null);
        }
        String text = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean wanted = field.equals(parser.currentName());
            JsonToken value = parser.nextToken();
            if (!wanted) {
                parser.skipChildren();
            } else if (value == JsonToken.VALUE_STRING) {
                text = parser.getText();
            } else {
                throw unreadable("the field '" + field + "' is no string", where, null);
            }
        }
        if (parser.nextToken() != null) {
            throw unreadable("something follows the JSON object", where, null);
        }
        if (text == null) {
            throw unreadable(
                    "the line has no field '" + field + "'; textField in the plan names it",
                    where,
                    null);
        }
        return text;
    }

    private static void emit(String text, Consumer<String> sink) {
        String clean = text.startsWith("\uFEFF") ? text.substring(1) : text;
        if (!clean.isBlank()) {
            sink.accept(wellFormed(clean));
        }
    }

    /// JSON escapes can spell half a surrogate pair, which no tokenizer takes.
    private static String wellFormed(String text) {
        boolean whole = true;
        for (int at = 0; at < text.length() && whole; at++) {
            char unit = text.charAt(at);
            if (Character.isHighSurrogate(unit)
                    && at + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(at + 1))) {
                at++;
            } else {
                whole = !Character.isSurrogate(unit);
            }
        }
        if (whole) {
            return text;
        }
        StringBuilder mended = new StringBuilder(text.length());
        text.codePoints()
                .map(point -> point >= 0xD800 && point <= 0xDFFF ? 0xFFFD : point)
                .forEach(mended::appendCodePoint);
        return mended.toString();
    }

    private static String decode(byte[] bytes, int length, String where) {
        CharsetDecoder decoder =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
        try {
            return decoder.decode(ByteBuffer.wrap(bytes, 0, length)).toString();
        } catch (CharacterCodingException e) {
            throw unreadable("the bytes are no valid UTF-8 text", where, e);
        }
    }

    private static TanrenException tooLarge(String where) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "a document has more than " + (MAXIMUM_BYTES >> 20) + " MiB",
                where,
                "Split it into several documents.");
    }

    private static TanrenException unreadable(
            String what, String where, @Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                what,
                where,
                "Mend or remove it, or leave the file out by the source's include pattern.",
                cause);
    }

    /// Gives its bytes without a copy.
    private static final class LineBuffer extends ByteArrayOutputStream {
        private byte[] bytes() {
            return buf;
        }
    }
}
