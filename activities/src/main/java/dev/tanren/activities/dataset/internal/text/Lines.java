package dev.tanren.activities.dataset.internal.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;

/// The lines of a file, each in memory while it is short and in a scratch file where it is long.
/// Bytes after the last line's end are a line too.
public final class Lines {

    private final InputStream in;
    private final DocumentLimits limits;
    private final Path spool;
    private final byte[] buffer = new byte[1 << 16];
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int at;
    private int end;
    private long number;

    /// @param spool scratch file of the line that was read last, if it is long
    public Lines(InputStream in, DocumentLimits limits, Path spool) {
        this.in = in;
        this.limits = limits;
        this.spool = spool;
    }

    /// A line without its `\n`.
    public sealed interface Line {

        /// From 1.
        long number();

        // An array on purpose: a line is decoded at once.
        @SuppressWarnings("ArrayRecordComponent")
        record InMemory(long number, byte[] bytes) implements Line {}

        /// @param file goes with the next line
        record InFile(long number, Path file) implements Line {}
    }

    /// The next line; empty at the end of the file.
    ///
    /// @throws TooLongException as soon as a line has more than the most bytes
    public Optional<Line> next() throws IOException {
        if (at == end && !fill()) {
            return Optional.empty();
        }
        number++;
        line.reset();
        if (take(line, 0, limits.bytesInMemory())) {
            return Optional.of(new Line.InMemory(number, line.toByteArray()));
        }
        try (SpoolFile file = new SpoolFile(spool)) {
            line.writeTo(file);
            if (!take(file, line.size(), limits.mostBytes())) {
                throw new TooLongException(number);
            }
        }
        return Optional.of(new Line.InFile(number, spool));
    }

    /// @return whether the line ended before it had more than `most` bytes
    private boolean take(OutputStream target, long taken, long most) throws IOException {
        long length = taken;
        if (length > most) {
            return false;
        }
        while (at < end || fill()) {
            int newLine = at;
            while (newLine < end && buffer[newLine] != '\n') {
                newLine++;
            }
            int count = newLine - at;
            boolean ended = newLine < end;
            length += count;
            target.write(buffer, at, count);
            at = ended ? newLine + 1 : newLine;
            if (length > most) {
                // The end was taken with it: put back what tells it.
                at = newLine;
                return false;
            }
            if (ended) {
                return true;
            }
        }
        return true;
    }

    private boolean fill() throws IOException {
        int read = in.read(buffer);
        at = 0;
        end = Math.max(0, read);
        return read > 0;
    }

    /// A line has more bytes than a line may have.
    public static final class TooLongException extends IOException {

        private static final long serialVersionUID = 1L;

        private final long number;

        TooLongException(long number) {
            super("line " + number);
            this.number = number;
        }

        public long number() {
            return number;
        }
    }
}
