package dev.tanren.storage.objects;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/// A way to an S3 server that passes bytes on, but of the first connection's answer only its
/// beginning: then it hangs up, as a server does that is killed.
final class CutsFirstAnswer implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int server;
    private final int passed;
    private final AtomicInteger connections = new AtomicInteger();

    /// @param passed bytes of the first answer that arrive
    CutsFirstAnswer(String endpoint, int passed) throws IOException {
        this.server = URI.create(endpoint).getPort();
        this.passed = passed;
        Thread.ofVirtual().start(this::accept);
    }

    String endpoint() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /// How many were made so far.
    int connections() {
        return connections.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> pass(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void pass(Socket client) {
        boolean first = connections.incrementAndGet() == 1;
        try (client;
                Socket store = new Socket(InetAddress.getLoopbackAddress(), server)) {
            Thread.ofVirtual().start(() -> request(client, store));
            copy(store, client, first ? passed : Long.MAX_VALUE);
        } catch (IOException e) {
            // One side hung up, as it may.
            return;
        }
    }

    private static void request(Socket client, Socket store) {
        try {
            copy(client, store, Long.MAX_VALUE);
        } catch (IOException e) {
            // The other direction ends the connection.
            return;
        }
    }

    /// Ends when a byte comes that is not to be passed: then the server has decided what to answer.
    private static void copy(Socket from, Socket to, long bytes) throws IOException {
        byte[] buffer = new byte[1 << 13];
        long left = bytes;
        while (left >= 0) {
            int count = from.getInputStream().read(buffer);
            if (count < 0) {
                return;
            }
            to.getOutputStream().write(buffer, 0, (int) Math.min(count, left));
            left -= count;
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
