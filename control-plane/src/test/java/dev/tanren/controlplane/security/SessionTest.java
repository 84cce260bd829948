package dev.tanren.controlplane.security;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@QuarkusTest
class SessionTest extends ApiTest {

    private static String session() {
        return "tanren_session_" + RestAssured.port;
    }

    private static String csrf() {
        return "tanren_csrf_" + RestAssured.port;
    }

    private static Response attempt(String secret) {
        return given().contentType("application/json")
                .body("{\"token\":\"" + secret + "\"}")
                .post("/console/session");
    }

    private static Map<String, String> signIn(String secret) {
        Response answer = attempt(secret);
        answer.then().statusCode(200);
        return answer.cookies();
    }

    private static RequestSpecification with(Map<String, String> session) {
        return given().cookies(session);
    }

    private static Response issue(RequestSpecification request) {
        return request.contentType("application/json")
                .body("{\"name\":\"x\",\"role\":\"viewer\"}")
                .post("/api/v1/tokens");
    }

    @Test
    void theCookieIsReadByNoScriptAndGivesTheTokenNotAway() {
        String secret = token(Role.ADMIN);
        Response answer = attempt(secret);
        answer.then().statusCode(200).body("role", equalTo("admin"));

        List<String> cookies = answer.headers().getValues("Set-Cookie");
        assertThat(cookies).hasSize(2).noneMatch(cookie -> cookie.contains(secret));
        assertThat(cookies).noneMatch(cookie -> cookie.contains(ApiTokens.hash(secret)));
        assertThat(cookies)
                .filteredOn(cookie -> cookie.startsWith(session()))
                .singleElement()
                .asString()
                .matches("tanren_session_\\d+=\"?[0-9a-f]{64}\"?;.*")
                .containsIgnoringCase("HttpOnly")
                .containsIgnoringCase("SameSite=Strict");
        assertThat(signIn(secret).get(session())).isNotEqualTo(answer.cookie(session()));
        attempt(ApiTokens.generate()).then().statusCode(401);
    }

    @Test
    void aSessionReadsWithItsCookieAndChangesOnlyWithItsOwnHeader() {
        String secret = token(Role.ADMIN);
        Map<String, String> session = signIn(secret);
        Map<String, String> another = signIn(secret);

        with(session).get("/api/v1/runs").then().statusCode(200);
        issue(with(session)).then().statusCode(403);
        issue(with(session).header("X-CSRF-Token", another.get(csrf()))).then().statusCode(403);
        issue(with(session).header("X-CSRF-Token", session.get(csrf()))).then().statusCode(201);
    }

    @Test
    void aPageCanAskWhoItIsAndWhatItMayDo() {
        with(signIn(token(Role.VIEWER)))
                .get("/console/session")
                .then()
                .statusCode(200)
                .header("Cache-Control", equalTo("no-store"))
                .body("role", equalTo("viewer"));
        as(token(Role.OPERATOR)).get("/console/session").then().body("role", equalTo("operator"));
        given().get("/console/session").then().statusCode(401);
    }

    @Test
    void aTokenIsNoSessionAndASessionNoToken() {
        String secret = token(Role.VIEWER);
        String session = String.valueOf(signIn(secret).get(session()));

        with(Map.of(session(), secret)).get("/api/v1/runs").then().statusCode(401);
        as(session).get("/api/v1/runs").then().statusCode(401);
    }

    @Test
    void whoSignsOutEndsThisSessionAtOnceAndNoOther() {
        String secret = token(Role.VIEWER);
        Map<String, String> session = signIn(secret);
        Map<String, String> another = signIn(secret);

        with(session).delete("/console/session").then().statusCode(403);
        with(session)
                .header("X-CSRF-Token", session.get(csrf()))
                .delete("/console/session")
                .then()
                .statusCode(204);

        with(session).get("/api/v1/runs").then().statusCode(401);
        with(another).get("/api/v1/runs").then().statusCode(200);
    }

    @Test
    void aRevokedTokenTakesItsSessionsWithItAtOnce() {
        String secret = token(Role.VIEWER);
        Map<String, String> session = signIn(secret);
        with(session).get("/api/v1/runs").then().statusCode(200);

        // Behind this server's back, as another server would.
        String id = registry.tokens().byHash(ApiTokens.hash(secret)).map(found -> found.id()).get();
        registry.tokens().revoke(id, TEST);

        with(session).get("/api/v1/runs").then().statusCode(401);
    }

    @Test
    @Timeout(60)
    void anOpenStreamEndsWithItsSession() throws Exception {
        String id = recordedRun("streamed");
        Map<String, String> session = signIn(token(Role.VIEWER));
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://localhost:%d/api/v1/runs/%s/events"
                                                .formatted(RestAssured.port, id)))
                        .header("Cookie", session() + "=" + session.get(session()))
                        .header("Accept", "text/event-stream")
                        .build();
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        client.send(request, BodyHandlers.ofInputStream()).body(),
                                        StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).contains("run " + id);
            with(session)
                    .header("X-CSRF-Token", session.get(csrf()))
                    .delete("/console/session")
                    .then()
                    .statusCode(204);

            assertThat(lines.lines()).isNotNull().noneMatch(line -> line.startsWith("data:"));
        }
    }
}
