package dev.tanren.activities.dataset.internal.text;

import dev.tanren.plan.text.Utf8;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.util.Objects;

/// Decodes UTF-8 as a stream; a bad byte is a [dev.tanren.plan.text.NotUtf8Exception] with its line
/// and column. Not safe for use by several threads.
public final class Utf8Reader extends Reader {

    private final InputStream in;
    private final CharsetDecoder decoder = Utf8.decoder();
    private final ByteBuffer bytes = ByteBuffer.allocate(1 << 16).flip();
    private final CharBuffer characters = CharBuffer.allocate(1 << 16).flip();
    private boolean ended;
    private int line = 1;
    private int column = 1;

    public Utf8Reader(InputStream in) {
        this.in = in;
    }

    @Override
    public int read(char[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        while (!characters.hasRemaining()) {
            if (ended && !bytes.hasRemaining()) {
                return -1;
            }
            decode();
        }
        int count = Math.min(length, characters.remaining());
        characters.get(target, offset, count);
        return count;
    }

    private void decode() throws IOException {
        bytes.compact();
        int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
        ended = read < 0;
        bytes.position(bytes.position() + Math.max(0, read)).flip();
        characters.clear();
        CoderResult result = decoder.decode(bytes, characters, ended);
        characters.flip();
        count();
        if (result.isError()) {
            throw Utf8.malformed(line, column, bytes.get(bytes.position()));
        }
    }

    private void count() {
        for (int at = characters.position(); at < characters.limit(); at++) {
            boolean newLine = characters.get(at) == '\n';
            line += newLine ? 1 : 0;
            column = newLine ? 1 : column + 1;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
