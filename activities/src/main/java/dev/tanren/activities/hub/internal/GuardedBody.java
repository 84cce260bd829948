package dev.tanren.activities.hub.internal;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/// The body of an answer that ends with an exception when no byte comes for a while, or its time is
/// over: the HTTP client waits for bodies for ever.
final class GuardedBody extends FilterInputStream {

    private final long idle;
    private final long end;
    private final Thread guard;
    private volatile long heard = System.nanoTime();
    private volatile boolean givenUp;

    GuardedBody(InputStream body, Duration idle, Duration left) {
        super(body);
        this.idle = idle.toNanos();
        this.end = System.nanoTime() + left.toNanos();
        this.guard = Thread.ofVirtual().name("hub-guard").start(this::watch);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        try {
            int count = in.read(target, offset, length);
            if (count < 0 && givenUp) {
                throw new IOException("the body was closed");
            }
            heard = System.nanoTime();
            return count;
        } catch (IOException e) {
            throw givenUp ? new IOException("the Hub sends too slowly, or no more", e) : e;
        }
    }

    @Override
    public void close() throws IOException {
        guard.interrupt();
        in.close();
    }

    private void watch() {
        try {
            for (long left = left(); left > 0; left = left()) {
                Thread.sleep(Duration.ofNanos(left));
            }
            givenUp = true;
            in.close();
        } catch (InterruptedException e) {
            // The reader has closed it.
        } catch (IOException e) {
            // The reader meets it as well.
        }
    }

    private long left() {
        long now = System.nanoTime();
        return Math.min(heard + idle - now, end - now);
    }
}
