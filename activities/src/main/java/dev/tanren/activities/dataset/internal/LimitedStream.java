package dev.tanren.activities.dataset.internal;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Gives at most so many bytes; one more is an error. Only for reading from beginning to end.
final class LimitedStream extends FilterInputStream {

    private final long most;
    private long given;

    LimitedStream(InputStream in, long most) {
        super(in);
        this.most = most;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int read = super.read(target, offset, length);
        given += Math.max(0, read);
        if (given > most) {
            throw new TooLongException();
        }
        return read;
    }

    @Override
    public long skip(long count) throws IOException {
        throw new IOException("nothing is skipped here");
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    /// More than the most bytes came.
    static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
