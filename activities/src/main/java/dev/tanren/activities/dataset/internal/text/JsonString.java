package dev.tanren.activities.dataset.internal.text;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.util.HexFormat;

/// A JSON string of any length (RFC 8259, section 7), read a piece at a time from behind its first
/// quotation mark on.
final class JsonString {

    private static final String SIMPLE_ESCAPES = "\"\\/bfnrt";
    private static final String MEANT = "\"\\/\b\f\n\r\t";

    private final Reader in;
    private char[] buffer;
    private int at;
    private int end;

    /// @param first what comes before what `after` gives
    JsonString(String first, Reader after) {
        this.in = after;
        this.buffer = first.toCharArray();
        this.end = buffer.length;
    }

    /// Writes the characters that the string spells.
    ///
    /// @throws JsonLineException where it does not end, or is no JSON string
    void copyTo(Writer target) throws IOException {
        while (true) {
            int from = at;
            while (at < end && plain(buffer[at])) {
                at++;
            }
            target.write(buffer, from, at - from);
            if (at == end) {
                if (!fill()) {
                    throw new JsonLineException("the line is no JSON: it ends inside a string");
                }
                continue;
            }
            char special = buffer[at++];
            if (special == '"') {
                return;
            }
            if (special != '\\') {
                throw new JsonLineException(
                        "the line is no JSON: a control character is not escaped in a string");
            }
            target.write(escaped());
        }
    }

    private static boolean plain(char unit) {
        return unit != '"' && unit != '\\' && unit >= ' ';
    }

    private int escaped() throws IOException {
        int kind = next();
        if (kind == 'u') {
            int unit = 0;
            for (int digit = 0; digit < 4; digit++) {
                int character = next();
                if (!HexFormat.isHexDigit(character)) {
                    throw unknownEscape();
                }
                unit = unit << 4 | HexFormat.fromHexDigit(character);
            }
            return unit;
        }
        int index = SIMPLE_ESCAPES.indexOf(kind);
        if (index < 0) {
            throw unknownEscape();
        }
        return MEANT.charAt(index);
    }

    private static JsonLineException unknownEscape() {
        return new JsonLineException(
                "the line is no JSON: a backslash begins no escape in a string");
    }

    private int next() throws IOException {
        return at < end || fill() ? buffer[at++] : -1;
    }

    private boolean fill() throws IOException {
        buffer = new char[1 << 14];
        at = 0;
        end = Math.max(0, in.read(buffer, 0, buffer.length));
        return end > 0;
    }

    /// What is left behind the string, with a text put before it.
    Reader behind(String before) {
        char[] left = (before + new String(buffer, at, end - at)).toCharArray();
        return new Reader() {
            private int given;

            @Override
            public int read(char[] target, int offset, int length) throws IOException {
                if (given == left.length) {
                    return in.read(target, offset, length);
                }
                int count = Math.min(length, left.length - given);
                System.arraycopy(left, given, target, offset, count);
                given += count;
                return count;
            }

            @Override
            public void close() throws IOException {
                in.close();
            }
        };
    }
}
