package dev.tanren.deploy.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// A way to a part of the stack on the loopback address, on which things can happen to what passes.
///
/// Every byte that is not thrown away with its connection arrives, unchanged and in its order.
/// Little of it lies in buffers here, so that whoever sends notices.
final class Relay implements AutoCloseable {

    private static final int PIECE = 16 * 1024;
    private static final int BUFFER = 64 * 1024;

    /// What happens on the way.
    sealed interface Way {}

    /// Everything passes at once.
    record Clear() implements Way {}

    /// @param latency from the end of a request to the beginning of its answer
    /// @param bytesPerSecond of each connection, each way
    record Slow(Duration latency, int bytesPerSecond) implements Way {
        Slow {
            if (bytesPerSecond < 1) {
                throw new IllegalArgumentException(bytesPerSecond + " bytes a second");
            }
        }
    }

    /// Nothing passes, and nobody is told: connections stay, and new ones are taken. What is held
    /// back arrives when the way is another.
    record Silent() implements Way {}

    /// Requests arrive, and each connection breaks off where its answer would come back.
    record Resetting() implements Way {}

    private final ServerSocket listener;
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger taken = new AtomicInteger();
    private Way way = new Clear();

    private Relay(ServerSocket listener, int target) {
        this.listener = listener;
        this.target = target;
    }

    /// @param target port on the loopback address
    static Relay to(int target) {
        try {
            ServerSocket listener = new ServerSocket();
            listener.setReceiveBufferSize(BUFFER);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Relay relay = new Relay(listener, target);
            Thread.ofVirtual().start(relay::accept);
            return relay;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /// How many connections came so far.
    int taken() {
        return taken.get();
    }

    /// Changes what happens to all that passes from now on.
    synchronized void become(Way next) {
        way = next;
        notifyAll();
    }

    private synchronized Way whenAnythingPasses() throws InterruptedException {
        while (way instanceof Silent) {
            wait();
        }
        return way;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                taken.incrementAndGet();
                open.add(client);
                Thread.ofVirtual().start(() -> connect(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void connect(Socket client) {
        try (client) {
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            open.add(server);
            Connection connection = new Connection(client, server);
            Thread answers = Thread.ofVirtual().start(connection::passAnswers);
            connection.passRequests();
            answers.join();
        } catch (IOException e) {
            // The part is away, which the client learns from the end of its connection.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    private final class Connection {

        private final Socket client;
        private final Socket server;

        /// Whether something was asked and nothing answered since.
        private volatile boolean asked;

        Connection(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void passRequests() {
            pass(client, server, false);
        }

        void passAnswers() {
            pass(server, client, true);
        }

        private void pass(Socket from, Socket to, boolean answers) {
            byte[] piece = new byte[PIECE];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                int length;
                while ((length = in.read(piece)) >= 0) {
                    if (!wayIsFree(length, answers)) {
                        reset(client);
                        reset(server);
                        return;
                    }
                    asked = !answers;
                    out.write(piece, 0, length);
                }
                var _ = whenAnythingPasses();
                to.shutdownOutput();
            } catch (IOException e) {
                // One side hung up, as it may; the other is told so.
                reset(client);
                reset(server);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                if (answers) {
                    reset(server);
                }
            }
        }

        /// Waits for as long as the way takes.
        ///
        /// @return false where the connection breaks off
        private boolean wayIsFree(int length, boolean answers) throws InterruptedException {
            return switch (whenAnythingPasses()) {
                case Clear _ -> true;
                case Silent _ -> throw new IllegalStateException("waited for another way");
                case Resetting _ -> !answers;
                case Slow slow -> {
                    if (answers && asked) {
                        Thread.sleep(slow.latency());
                    }
                    Thread.sleep(Duration.ofMillis(1000L * length / slow.bytesPerSecond()));
                    yield true;
                }
            };
        }
    }

    /// Ends a connection without a word, as a router does that has forgotten it.
    private void reset(Socket socket) {
        open.remove(socket);
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
            return;
        }
    }

    /// Breaks all connections off and takes no more.
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        open.forEach(this::reset);
        become(new Clear());
    }
}
