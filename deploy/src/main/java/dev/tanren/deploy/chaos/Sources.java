package dev.tanren.deploy.chaos;

import dev.tanren.plan.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// Names places as sources that nothing may be read from.
final class Sources {

    /// At the door, by their scheme; `PORT` is that of a listener of this experiment.
    private static final List<String> NETWORK =
            List.of(
                    "http://127.0.0.1:PORT/x",
                    "http://2130706433:PORT/x",
                    "http://0x7f000001:PORT/x",
                    "http://[::ffff:127.0.0.1]:PORT/x",
                    "https://localhost:PORT/x",
                    "jar:http://127.0.0.1:PORT/x!/y",
                    "ftp://127.0.0.1:PORT/x",
                    "//127.0.0.1:PORT/x",
                    "s3:127.0.0.1:PORT/x",
                    "http://169.254.169.254/latest/meta-data");

    private Sources() {}

    /// Passes when each is refused by name, at the door or by the worker, and the listener sees no
    /// connection.
    static void leadingAstray(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        try (Listener listener = Listener.open();
                Door door = new Door(laboratory.server().address())) {
            for (String address : NETWORK) {
                String named = address.replace("PORT", Integer.toString(listener.port()));
                int status =
                        door.send(
                                        "POST",
                                        "/api/v1/runs",
                                        laboratory.server().token(),
                                        laboratory.planFrom("astray", named),
                                        Map.of())
                                .statusCode();
                findings.check(named + " is answered with 422", status == 422, status);
            }
            String uri = NETWORK.getFirst().replace("PORT", Integer.toString(listener.port()));
            new OnCall(laboratory, findings)
                    .expectRefused(
                            FaultClass.CONFIGURATION,
                            uri,
                            ErrorCode.PLAN_INVALID,
                            () -> laboratory.submitText(laboratory.planFrom("astray", uri)),
                            uri,
                            "sources",
                            "s3://bucket/path");
            for (String file :
                    List.of(
                            "file:/etc/passwd",
                            "file:" + laboratory.home().data() + "/../secrets.json",
                            "s3://somebody-elses-bucket/x")) {
                refusedByTheWorker(laboratory, findings, file);
            }
            int before = listener.seen();
            listener.greet();
            findings.check(
                    "no connection came, and one of our own was seen",
                    before == 0 && listener.seen() == 1,
                    before + " came");
        }
    }

    private static void refusedByTheWorker(Laboratory laboratory, Findings findings, String uri)
            throws InterruptedException {
        String last = uri.substring(uri.lastIndexOf('/') + 1);
        new OnCall(laboratory, findings)
                .expectRefusedRun(
                        uri, laboratory.planFrom("astray", uri), ErrorCode.SOURCE_UNREADABLE, last);
    }

    /// Counts who connects.
    private record Listener(ServerSocket socket, AtomicInteger count, Thread acceptor)
            implements AutoCloseable {

        static Listener open() {
            try {
                ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                AtomicInteger count = new AtomicInteger();
                return new Listener(
                        socket, count, Thread.ofVirtual().start(() -> accept(socket, count)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void accept(ServerSocket socket, AtomicInteger count) {
            while (!socket.isClosed()) {
                try (Socket _ = socket.accept()) {
                    count.incrementAndGet();
                } catch (SocketException closed) {
                    return;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        int seen() {
            return count.get();
        }

        /// Shows that it hears: returns when the connection was counted.
        void greet() {
            try (Socket own = new Socket(socket.getInetAddress(), port())) {
                // The end of the stream comes when the acceptor has closed it, after counting.
                if (own.getInputStream().read() != -1) {
                    throw new IllegalStateException("the listener says nothing");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
