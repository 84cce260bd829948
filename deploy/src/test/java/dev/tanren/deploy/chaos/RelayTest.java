package dev.tanren.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RelayTest {

    private ServerSocket server;
    private Relay relay;

    /// The first byte of each piece that came to the server.
    private final BlockingQueue<Integer> arrived = new LinkedBlockingQueue<>();

    @BeforeEach
    void open() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        relay = Relay.to(server.getLocalPort());
        Thread.ofVirtual().start(this::accept);
    }

    @AfterEach
    void close() throws IOException {
        relay.close();
        server.close();
    }

    @Test
    void whatGoesOverAClearWayComesUnchanged() throws IOException {
        byte[] bytes = new byte[1_000_000];
        new Random(5).nextBytes(bytes);
        try (Socket client = connect()) {
            Thread.ofVirtual().start(() -> write(client, bytes));
            assertThat(client.getInputStream().readNBytes(bytes.length)).isEqualTo(bytes);
        }
        assertThat(relay.taken()).isOne();
    }

    @Test
    void whatGoesOverASlowWayComesUnchangedAndNotBeforeItsTime() throws IOException {
        relay.become(new Relay.Slow(Duration.ofMillis(300), 100_000));
        byte[] bytes = new byte[50_000];
        new Random(6).nextBytes(bytes);
        long start = System.nanoTime();
        try (Socket client = connect()) {
            Thread.ofVirtual().start(() -> write(client, bytes));
            assertThat(client.getInputStream().readNBytes(bytes.length)).isEqualTo(bytes);
        }
        // There and back side by side: the way there alone takes half a second.
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isGreaterThan(Duration.ofMillis(700));
    }

    @Test
    void whatIsHeldBackArrivesWhenTheWayIsClearAgain() throws Exception {
        try (Socket client = connect()) {
            write(client, new byte[] {1});
            assertThat(arrived.take()).isEqualTo(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);

            relay.become(new Relay.Silent());
            write(client, new byte[] {2});
            try (Socket other = connect()) {
                write(other, new byte[] {3});
                relay.become(new Relay.Clear());
                assertThat(client.getInputStream().read()).isEqualTo(2);
                assertThat(other.getInputStream().read()).isEqualTo(3);
            }
            assertThat(relay.taken()).isEqualTo(2);
        }
    }

    @Test
    void aRequestArrivesWhoseAnswerIsAResetConnection() throws Exception {
        relay.become(new Relay.Resetting());
        try (Socket client = connect()) {
            write(client, new byte[] {4});
            assertThat(arrived.take()).isEqualTo(4);
            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("reset");
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), relay.port());
    }

    private static void write(Socket client, byte[] bytes) {
        try {
            client.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> answer(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void answer(Socket client) {
        byte[] piece = new byte[8192];
        try (client) {
            int length;
            while ((length = client.getInputStream().read(piece)) >= 0) {
                arrived.add((int) piece[0]);
                client.getOutputStream().write(piece, 0, length);
            }
        } catch (IOException e) {
            // The relay broke the connection off.
            return;
        }
    }
}
