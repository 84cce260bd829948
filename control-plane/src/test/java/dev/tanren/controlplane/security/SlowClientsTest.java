package dev.tanren.controlplane.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Connections that keep the server waiting are closed; those that it works for are not.
@QuarkusTest
@TestProfile(BehindAProxy.class)
@Timeout(120)
class SlowClientsTest extends ApiTest {

    private static final int LARGE = 32 << 20;
    private static final int SMALL_BUFFER = 16 << 10;

    @Inject Connections connections;

    private static final String HEAD = "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n";

    private static Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), RestAssured.port);
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(UTF_8));
        socket.getOutputStream().flush();
    }

    /// Everything until the server closes the connection; a reset is an end too.
    private static String untilClosed(Socket socket) throws IOException {
        StringBuilder all = new StringBuilder();
        try {
            for (int next = socket.getInputStream().read();
                    next >= 0;
                    next = socket.getInputStream().read()) {
                all.append((char) next);
            }
        } catch (java.net.SocketException reset) {
            return all.toString();
        }
        return all.toString();
    }

    /// Sends a piece again and again, so that the connection is never silent.
    private static String trickle(Socket socket, String begin, String piece) throws Exception {
        send(socket, begin);
        AtomicBoolean over = new AtomicBoolean();
        Thread sender =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        while (!over.get()) {
                                            send(socket, piece);
                                            Thread.sleep(100);
                                        }
                                    } catch (IOException | InterruptedException closed) {
                                        over.set(true);
                                    }
                                });
        String answer = untilClosed(socket);
        over.set(true);
        sender.join();
        return answer;
    }

    @Test
    void aSilentConnectionIsClosed() throws Exception {
        try (Socket socket = connect()) {
            assertThat(untilClosed(socket)).isEmpty();
        }
    }

    @Test
    void aConnectionIsClosedThatIsIdleAfterARequest() throws Exception {
        try (Socket socket = connect()) {
            send(socket, HEAD + "\r\n");
            assertThat(untilClosed(socket)).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void aHeadThatNeverEndsIsNotWaitedFor() throws Exception {
        try (Socket socket = connect()) {
            assertThat(trickle(socket, HEAD, "X-A: b\r\n")).isEmpty();
        }
        try (Socket socket = connect()) {
            send(socket, HEAD + "\r\n");
            assertThat(trickle(socket, HEAD, "X-A: b\r\n"))
                    .startsWith("HTTP/1.1 200")
                    .containsOnlyOnce("HTTP/1.1");
        }
    }

    @Test
    void aBodyThatNeverEndsIsNotWaitedFor() throws Exception {
        for (String length :
                new String[] {"Content-Length: 100000", "Transfer-Encoding: chunked"}) {
            try (Socket socket = connect()) {
                String head =
                        "POST /api/v1/plans/validate HTTP/1.1\r\nHost: localhost\r\n"
                                + "Content-Type: application/yaml\r\nAuthorization: Bearer "
                                + token(Role.VIEWER)
                                + "\r\n"
                                + length
                                + "\r\n\r\n";
                assertThat(trickle(socket, head, "1\r\na\r\n"))
                        .startsWith("HTTP/1.1 408")
                        .contains("TNR-6001", "application/problem+json");
            }
        }
    }

    @Test
    void aBodyInTimeIsReadWhole() throws Exception {
        try (Socket socket = connect()) {
            String begin = plan("in-pieces").substring(0, 40);
            String rest = plan("in-pieces").substring(40);
            send(
                    socket,
                    "POST /api/v1/plans/validate HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/yaml\r\nAuthorization: Bearer "
                            + token(Role.VIEWER)
                            + "\r\nContent-Length: "
                            + plan("in-pieces").getBytes(UTF_8).length
                            + "\r\n\r\n"
                            + begin);
            send(socket, rest);
            assertThat(untilClosed(socket)).startsWith("HTTP/1.1 200").contains("\"valid\":true");
        }
    }

    @Test
    void aClientThatWouldRatherSpeakHttp2IsAnsweredInHttp11() throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://localhost:%d/api/v1/plans/validate"
                                                .formatted(RestAssured.port)))
                        .version(HttpClient.Version.HTTP_2)
                        .header("Content-Type", "application/yaml")
                        .header("Authorization", "Bearer " + token(Role.VIEWER))
                        .POST(BodyPublishers.ofString(plan("by-http-2")))
                        .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        }
    }

    @Test
    void anEventStreamGoesOn() throws Exception {
        String id = recordedRun("streamed-for-long");
        try (Socket socket = connect()) {
            send(
                    socket,
                    "GET /api/v1/runs/"
                            + id
                            + "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                            + "Authorization: Bearer "
                            + token(Role.VIEWER)
                            + "\r\n\r\n");
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            // A sign of life every half second, for longer than an idle connection may stay.
            int signs = 0;
            for (String line = lines.readLine(); signs < 8; line = lines.readLine()) {
                assertThat(line).as("after %d signs of life", signs).isNotNull();
                signs += String.valueOf(line).startsWith(":") ? 1 : 0;
            }
        }
    }

    /// Begins a download that no buffer on its way can hold.
    private Socket download(String name) throws IOException {
        String id = recordedRun(name);
        store.put("runs/" + id + "/adapt/artifacts/large", new byte[LARGE]);
        Socket socket = new Socket();
        socket.setReceiveBufferSize(SMALL_BUFFER);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), RestAssured.port));
        send(
                socket,
                "GET /api/v1/runs/"
                        + id
                        + "/artifacts/adapt/large HTTP/1.1\r\nHost: localhost\r\n"
                        + "Authorization: Bearer "
                        + token(Role.VIEWER)
                        + "\r\n\r\n");
        return socket;
    }

    @Test
    void aDownloadThatIsSlowlyReadComesToItsEnd() throws Exception {
        try (Socket socket = download("slowly-read")) {
            long read = 0;
            byte[] piece = new byte[LARGE / 100];
            for (int n = 0; n >= 0 && read < LARGE; n = socket.getInputStream().read(piece)) {
                read += n;
                Thread.sleep(n / SMALL_BUFFER);
            }
            assertThat(read).isGreaterThanOrEqualTo(LARGE);
        }
    }

    @Test
    void aDownloadThatNobodyReadsIsGivenUp() throws Exception {
        try (Socket socket = download("not-read")) {
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            while (connections.isOpen(socket.getLocalPort())) {
                Thread.sleep(50);
            }
            long read = 1;
            byte[] piece = new byte[1 << 16];
            try {
                for (int n = 0; n >= 0; n = socket.getInputStream().read(piece)) {
                    read += n;
                }
            } catch (java.net.SocketException reset) {
                assertThat(reset).hasMessageContaining("reset");
            }
            assertThat(read).isLessThan(LARGE);
        }
    }
}
