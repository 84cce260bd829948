package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.dataset.internal.packed.PackedException;
import dev.tanren.activities.dataset.internal.packed.Packing;
import dev.tanren.activities.dataset.internal.text.DocumentLimits;
import dev.tanren.activities.dataset.internal.text.JsonLineException;
import dev.tanren.activities.dataset.internal.text.JsonLines;
import dev.tanren.activities.dataset.internal.text.Lines;
import dev.tanren.activities.dataset.internal.text.LongText;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.NotUtf8Exception;
import dev.tanren.plan.text.Utf8;
import dev.tanren.storage.objects.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads the documents of a file, plain or packed: the whole file, or one of each JSON line.
///
/// Bytes must be valid UTF-8. A byte order mark at the start of a file, or of what is packed in it,
/// is framing; everywhere else it is content. Documents and lines have at most
/// [DocumentLimits#mostBytes()]; memory does not depend on how long they are. Blank documents are
/// passed over. Of a damaged file documents may have been given before its damage is met: the error
/// ends the preparation, and nothing is published.
public final class DocumentReader {

    private final DocumentLimits limits;
    private final Path scratch;

    /// @param scratch folder for what is too long for memory
    public DocumentReader(DocumentLimits limits, Path scratch) {
        this.limits = limits;
        this.scratch = scratch;
    }

    /// Takes the documents of a file in their order.
    public interface Sink {

        /// What follows is of this file.
        void begin(SourceFile file);

        /// A document without text.
        void blank();

        /// A document in memory.
        void take(String text);

        /// A document in a scratch file, which goes when this returns.
        void take(LongText text, String where);
    }

    /// Gives each document's text to `sink`.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` naming file and line, also where the bytes are
    ///     not those that were hashed before; `SCRATCH_FULL`
    public void read(SourceFile file, Sink sink) {
        sink.begin(file);
        Sha256 hash = new Sha256();
        try (InputStream raw = new BufferedInputStream(hash.over(file.content().open()), 1 << 18)) {
            InputStream content = Packing.unpacked(raw, file.where());
            passMark(content);
            if (file.format() == Dataset.Format.JSONL) {
                readLines(file, content, sink);
            } else {
                readWhole(file, content, sink);
            }
            raw.transferTo(OutputStream.nullOutputStream());
        } catch (PackedException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE, e.getMessage() + "", file.where(), e.mend(), e);
        } catch (NotUtf8Exception e) {
            throw notUtf8(e, file.where() + ":" + e.line());
        } catch (IOException e) {
            throw file.content().unreadable(e);
        }
        if (!hash.hex().equals(file.sha256())) {
            throw file.content().changed();
        }
    }

    private static void passMark(InputStream content) throws IOException {
        content.mark(FileFormats.HEAD_BYTES);
        byte[] head = content.readNBytes(FileFormats.HEAD_BYTES);
        content.reset();
        Utf8.refuseOtherMarks(head);
        Utf8.refuseWideWithoutMark(head);
        content.skipNBytes(Utf8.markBytes(head));
    }

    private void readWhole(SourceFile file, InputStream content, Sink sink) throws IOException {
        byte[] first = content.readNBytes(limits.bytesInMemory() + 1);
        if (first.length <= limits.bytesInMemory()) {
            emit(Utf8.decode(first, 0, first.length), sink);
            return;
        }
        PushbackInputStream all = new PushbackInputStream(content, first.length);
        all.unread(first);
        InputStream limited = new LimitedStream(all, limits.mostBytes());
        try {
            emit(LongText.of(limited, scratch.resolve("text")), file.where(), sink);
        } catch (LimitedStream.TooLongException e) {
            throw tooLong("the text", file.where(), limits);
        }
    }

    private void readLines(SourceFile file, InputStream content, Sink sink) throws IOException {
        Lines lines = new Lines(content, limits, scratch.resolve("line"));
        JsonLines json = new JsonLines(file.textField());
        try {
            for (Optional<Lines.Line> line = lines.next(); line.isPresent(); line = lines.next()) {
                readLine(file, line.get(), json, sink);
            }
        } catch (Lines.TooLongException e) {
            throw tooLong("the line", file.where() + ":" + e.number(), limits);
        }
    }

    private void readLine(SourceFile file, Lines.Line line, JsonLines json, Sink sink)
            throws IOException {
        String where = file.where() + ":" + line.number();
        try {
            switch (line) {
                case Lines.Line.InMemory(long _, byte[] bytes) -> {
                    String text = Utf8.decode(bytes, 0, bytes.length);
                    if (!text.isBlank()) {
                        emit(json.text(text), sink);
                    }
                }
                case Lines.Line.InFile(long _, Path spooled) -> {
                    if (!blank(spooled)) {
                        emit(json.text(spooled, scratch.resolve("text")), where, sink);
                    }
                }
            }
        } catch (JsonLineException e) {
            throw unreadable(e.what(), where, e);
        } catch (NotUtf8Exception e) {
            throw notUtf8(e, where);
        }
    }

    /// As [String#isBlank()] says it of a short line.
    private static boolean blank(Path line) throws IOException {
        try (Reader characters = Files.newBufferedReader(line, StandardCharsets.ISO_8859_1)) {
            int character = characters.read();
            while (character >= 0 && character < 0x80 && Character.isWhitespace(character)) {
                character = characters.read();
            }
            return character < 0;
        }
    }

    private static void emit(LongText text, String where, Sink sink) {
        try {
            if (text.blank()) {
                sink.blank();
            } else {
                sink.take(text, where);
            }
        } finally {
            text.remove();
        }
    }

    private static void emit(String text, Sink sink) {
        if (text.isBlank()) {
            sink.blank();
        } else {
            sink.take(wellFormed(text));
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

    static TanrenException tooLong(String what, String where, DocumentLimits limits) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                what + " has more than " + limits.shown() + ", which is the most a document has",
                where,
                "Split it into several documents.");
    }

    private static TanrenException notUtf8(NotUtf8Exception e, String where) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the file is no UTF-8: " + e.what() + ", at column " + e.column(),
                where,
                e.mend(),
                e);
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
}
