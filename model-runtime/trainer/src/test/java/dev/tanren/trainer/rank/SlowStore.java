package dev.tanren.trainer.rank;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

/// A way to an S3 server on which writes of chosen objects stop in their middle until they are let
/// go.
///
/// It passes bytes on and knows no more of HTTP than that a request begins with its method and key.
final class SlowStore implements AutoCloseable {

    private static final int SENT_BEFORE_THE_STOP = 4096;

    private final ServerSocket listener;
    private final InetSocketAddress server;
    private final Predicate<String> stops;
    private final Runnable stopped;
    private final CountDownLatch released = new CountDownLatch(1);
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /// @param endpoint of the server
    /// @param stops whether the write of this request line stops
    /// @param stopped told of each write that stops, when a part of it is with the server
    SlowStore(String endpoint, Predicate<String> stops, Runnable stopped) throws IOException {
        URI uri = URI.create(endpoint);
        this.server = new InetSocketAddress(uri.getHost(), uri.getPort());
        this.stops = stops;
        this.stopped = stopped;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    String endpoint() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /// Lets everything pass that has stopped or would.
    void release() {
        released.countDown();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket upstream = new Socket();
                upstream.connect(server);
                sockets.addAll(List.of(client, upstream));
                Thread.ofVirtual().start(() -> pass(client, upstream, true));
                Thread.ofVirtual().start(() -> pass(upstream, client, false));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void pass(Socket from, Socket to, boolean requests) {
        byte[] buffer = new byte[1 << 16];
        try (from;
                to) {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
                int sent = 0;
                if (requests && stops.test(line(buffer, count))) {
                    sent = Math.min(count, SENT_BEFORE_THE_STOP);
                    output.write(buffer, 0, sent);
                    stopped.run();
                    released.await();
                }
                output.write(buffer, sent, count - sent);
            }
        } catch (IOException e) {
            // One of the two is gone.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String line(byte[] buffer, int count) {
        String text = new String(buffer, 0, Math.min(count, 1024), StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\r');
        return text.startsWith("PUT ") && end > 0 ? text.substring(0, end) : "";
    }

    /// What has stopped never arrives.
    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            release();
        }
    }
}
