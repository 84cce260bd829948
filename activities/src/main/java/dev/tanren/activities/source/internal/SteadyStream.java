package dev.tanren.activities.source.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;

/// Reads a file through a channel that an interrupt would close: a worker that ends interrupts its
/// activities, and a file that cannot be read is a fault of the plan. The interrupt is kept for
/// whoever waits next. Not safe for use by many threads.
public final class SteadyStream extends InputStream {

    /// Opens the file, and opens it again.
    public interface Opening {
        FileChannel open() throws IOException;
    }

    private final Opening opening;
    private FileChannel channel;
    private long position;

    public SteadyStream(Opening opening) throws IOException {
        this.opening = opening;
        this.channel = opening.open();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    int read = channel.read(buffer, position);
                    position += Math.max(0, read);
                    return read;
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                    channel = opening.open();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
