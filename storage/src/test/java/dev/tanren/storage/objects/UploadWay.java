package dev.tanren.storage.objects;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/// A way to an S3 server on which something happens to what the client sends. Little of it lies in
/// buffers, so that the client notices.
final class UploadWay implements AutoCloseable {

    private static final int BUFFER = 64 * 1024;

    /// What happens to a piece of a request on its way.
    @FunctionalInterface
    interface Event {
        /// @param connection counted from 1
        /// @param before bytes that went the same way before
        /// @return whether the piece arrives; the connection stands still where it does not
        boolean on(int connection, long before, byte[] piece, int length)
                throws InterruptedException;
    }

    private final ServerSocket listener = new ServerSocket();
    private final int server;
    private final Event event;
    private final AtomicInteger connections = new AtomicInteger();

    UploadWay(String endpoint, Event event) throws IOException {
        this.server = URI.create(endpoint).getPort();
        this.event = event;
        listener.setReceiveBufferSize(BUFFER);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread.ofVirtual().start(this::accept);
    }

    String endpoint() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                int number = connections.incrementAndGet();
                Thread.ofVirtual().start(() -> pass(client, number));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void pass(Socket client, int number) {
        try (client;
                Socket store = new Socket(InetAddress.getLoopbackAddress(), server)) {
            Thread.ofVirtual().start(() -> answers(store, client));
            byte[] piece = new byte[BUFFER];
            long before = 0;
            while (true) {
                int length = client.getInputStream().read(piece);
                if (length < 0) {
                    return;
                }
                if (!event.on(number, before, piece, length)) {
                    Thread.sleep(Long.MAX_VALUE);
                }
                store.getOutputStream().write(piece, 0, length);
                before += length;
            }
        } catch (IOException e) {
            // One side hung up, as it may.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answers(Socket store, Socket client) {
        try {
            store.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException e) {
            // One side hung up, as it may.
            return;
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
