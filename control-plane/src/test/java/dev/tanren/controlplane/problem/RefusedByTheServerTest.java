package dev.tanren.controlplane.problem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.RawConnection;
import dev.tanren.controlplane.RawConnection.Answer;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the server refuses before any resource of ours is asked.
@QuarkusTest
@Timeout(120)
class RefusedByTheServerTest extends ApiTest {

    private static final String MEBIBYTE = "x".repeat(1 << 20);

    @ParameterizedTest
    @ValueSource(ints = {5_000, 100_000, 3_000_000})
    void anAddressThatIsTooLongIsAProblem(int length) throws IOException {
        try (RawConnection connection = new RawConnection()) {
            connection.send("GET /api/v1/runs?name=" + "n".repeat(length) + " HTTP/1.1\r\n");
            problem(connection.send("Host: localhost\r\n\r\n").answer(), 414);
            assertThat(connection.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17_000, 200_000, 3_000_000})
    void headersThatAreTooLongAreAProblem(int length) throws IOException {
        try (RawConnection connection = new RawConnection()) {
            connection.send("GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n");
            connection.send("Cookie: other=" + "c".repeat(length) + "\r\n\r\n");
            problem(connection.answer(), 431);
            assertThat(connection.isClosed()).isTrue();
        }
    }

    @Test
    void manyHeadersThatAreTooLongTogetherAreAProblem() throws IOException {
        try (RawConnection connection = new RawConnection()) {
            connection.send("GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n");
            for (int i = 0; i < 40; i++) {
                connection.send("X-Header-" + i + ": " + "v".repeat(500) + "\r\n");
            }
            problem(connection.send("\r\n").answer(), 431);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
                "GET / HTTP/9.x\r\nHost: localhost\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
            })
    void whatIsNoRequestIsAProblem(String request) throws IOException {
        try (RawConnection connection = new RawConnection()) {
            problem(connection.send(request).answer(), 400);
        }
    }

    @Test
    void aBodyInChunksThatIsTooLongIsAProblem() throws IOException {
        String viewer = token(Role.VIEWER);
        for (int chunk : List.of(1 << 10, 1 << 16, 1 << 20)) {
            try (RawConnection connection = new RawConnection()) {
                head(connection, "/api/v1/plans/validate", viewer);
                chunks(connection, MEBIBYTE, chunk);
                connection.send("1\r\nx\r\n0\r\n\r\n");
                problem(connection.answer(), 413);
            }
        }
    }

    @Test
    void aBodyInChunksThatIsNotTooLongIsRead() throws IOException {
        String viewer = token(Role.VIEWER);
        try (RawConnection connection = new RawConnection()) {
            head(connection, "/api/v1/plans/validate", viewer);
            chunks(connection, "#".repeat(1 << 20), 1 << 16);
            Answer answer = connection.send("0\r\n\r\n").answer();
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body()).contains("\"valid\":false");
            head(connection, "/api/v1/plans/validate", viewer);
            chunks(connection, plan("chunked"), 7);
            assertThat(connection.send("0\r\n\r\n").answer().body()).contains("\"valid\":true");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"multipart/form-data", "Multipart/Form-Data; boundary=x"})
    void aFormInPartsIsNotWaitedForWhateverTheCallTakes(String type) throws IOException {
        try (RawConnection connection = new RawConnection()) {
            connection.send(
                    "POST /api/v1/store/collect HTTP/1.1\r\nHost: localhost\r\n"
                            + "Authorization: Bearer %s\r\n".formatted(token(Role.VIEWER))
                            + "Content-Type: %s\r\nContent-Length: 2\r\n\r\n{}".formatted(type));
            problem(connection.answer(), 415);
        }
    }

    @Test
    void nobodyWhoIsUnknownMaySendABodyInChunks() throws IOException {
        try (RawConnection connection = new RawConnection()) {
            head(connection, "/api/v1/runs", "tnr_nobody");
            problem(connection.send("0\r\n\r\n").answer(), 401);
        }
    }

    private static void head(RawConnection connection, String path, String token)
            throws IOException {
        connection.send(
                "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                                .formatted(path, token)
                        + "Content-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    private static void chunks(RawConnection connection, String body, int length)
            throws IOException {
        for (int at = 0; at < body.length(); at += length) {
            String chunk = body.substring(at, Math.min(body.length(), at + length));
            connection.send(Integer.toHexString(chunk.length()) + "\r\n" + chunk + "\r\n");
        }
    }

    private static void problem(Answer answer, int status) throws IOException {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
        assertThat(answer.problem("status")).isEqualTo(Integer.toString(status));
        assertThat(answer.problem("code")).startsWith("TNR-");
        assertThat(answer.problem("mend")).isNotEmpty();
        assertThat(answer.problem("traceId")).matches("[0-9a-f]{32}");
    }

    @Test
    void aMethodThatAnAddressDoesNotTakeIsToldWhichItDoes() {
        String admin = token(Role.ADMIN);
        String run = "/api/v1/runs/" + "0".repeat(26);
        Map<String, String> allowed =
                Map.of(
                        "/api/v1/runs",
                        "GET, HEAD, OPTIONS, POST",
                        run,
                        "DELETE, GET, HEAD, OPTIONS",
                        run + "/pause",
                        "OPTIONS, POST",
                        run + "/events",
                        "GET, HEAD, OPTIONS",
                        run + "/checkpoints/adapt/1/verify",
                        "OPTIONS, POST",
                        "/api/v1/tokens/x/rotate",
                        "OPTIONS, POST",
                        "/api/v1;a=b/workers",
                        "GET, HEAD, OPTIONS",
                        "/console/session",
                        "DELETE, GET, HEAD, OPTIONS, POST",
                        "/q/openapi",
                        "GET, HEAD, OPTIONS",
                        "/q/health/ready",
                        "GET, HEAD, OPTIONS");
        allowed.forEach(
                (path, methods) -> {
                    Response refused = as(admin).urlEncodingEnabled(false).put(path);
                    assertThat(refused.statusCode()).as(path).isEqualTo(405);
                    assertThat(refused.header("Allow")).as(path).isEqualTo(methods);
                    assertThat(refused.contentType()).contains("application/problem+json");
                    Response told = as(admin).urlEncodingEnabled(false).options(path);
                    assertThat(told.statusCode()).as(path).isEqualTo(204);
                    assertThat(told.header("Allow")).as(path).isEqualTo(methods);
                });
        assertThat(as(admin).put("/api/v1/nothing").statusCode()).isEqualTo(404);
        assertThat(as(admin).options("/api/v1/nothing").statusCode()).isEqualTo(404);
        assertThat(as(admin).post(run + "/explode").statusCode()).isEqualTo(404);
    }

    /// A body in parts without their boundary was waited for until the client gave up.
    @ParameterizedTest
    @ValueSource(strings = {"multipart/form-data", "Multipart/Form-Data; boundary=b"})
    void aReasonInPartsIsRefusedAtOnce(String type) throws IOException {
        String operator = token(Role.OPERATOR);
        String id = "0".repeat(26);
        for (String path :
                List.of(
                        "/api/v1/runs/" + id + "/pause",
                        "/api/v1/attention/" + id + "/acknowledge")) {
            assertThat(as(operator).noContentType().post(path).statusCode())
                    .as(path)
                    .isEqualTo(404);
            try (RawConnection connection = new RawConnection()) {
                connection.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n");
                connection.send("Authorization: Bearer " + operator + "\r\n");
                connection.send("Content-Type: " + type + "\r\nContent-Length: 2\r\n\r\n{}");
                problem(connection.answer(), 415);
            }
        }
    }
}
