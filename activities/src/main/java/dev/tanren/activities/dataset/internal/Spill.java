package dev.tanren.activities.dataset.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Token ids on scratch disk until their order is known, so that a dataset need not fit in memory.
/// The file goes when this is closed.
public final class Spill implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;
    private ByteBuffer pending = buffer(1 << 20);
    private long written;

    public Spill(Path file) {
        this.file = file;
        try {
            this.channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Appends tokens.
    ///
    /// @return where they begin, in tokens
    public long add(int[] tokens) {
        long offset = tokens();
        for (int token : tokens) {
            if (!pending.hasRemaining()) {
                flush();
            }
            pending.putInt(token);
        }
        return offset;
    }

    /// How many were added so far.
    public long tokens() {
        return (written + pending.position()) / Integer.BYTES;
    }

    private void flush() {
        pending.flip();
        try {
            while (pending.hasRemaining()) {
                written += channel.write(pending, written);
            }
        } catch (IOException e) {
            throw full(e);
        }
        pending.clear();
    }

    /// Reads tokens that were added.
    public int[] read(long offset, int length) {
        if (pending.position() > 0) {
            flush();
        }
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(length, Integer.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (bytes.hasRemaining()) {
                long at = offset * Integer.BYTES + bytes.position();
                if (channel.read(bytes, at) < 0) {
                    throw new IOException("the spill ends at " + channel.size());
                }
            }
        } catch (IOException e) {
            throw full(e);
        }
        int[] tokens = new int[length];
        bytes.flip().asIntBuffer().get(tokens);
        return tokens;
    }

    private TanrenException full(IOException e) {
        return new TanrenException(
                ErrorCode.SCRATCH_FULL,
                "tokens cannot be kept on scratch disk: " + e,
                file.toString(),
                "Free space there: preparing a dataset takes about as much as its text.",
                e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw full(e);
        }
    }
}
