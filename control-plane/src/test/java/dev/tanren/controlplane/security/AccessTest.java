package dev.tanren.controlplane.security;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.startsWith;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.Stack;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

@QuarkusTest
class AccessTest extends ApiTest {

    private static final String RUN = "/api/v1/runs/00000000000000000000000000";

    /// @param needed the least role that is let in
    private record Endpoint(String method, String path, Role needed) {}

    private static final List<Endpoint> ENDPOINTS =
            List.of(
                    new Endpoint("POST", "/api/v1/plans/validate", Role.VIEWER),
                    new Endpoint("POST", "/api/v1/plans/explain", Role.VIEWER),
                    new Endpoint("GET", "/api/v1/schemas/plan", Role.VIEWER),
                    new Endpoint("GET", "/api/v1/runs", Role.VIEWER),
                    new Endpoint("POST", "/api/v1/runs", Role.OPERATOR),
                    new Endpoint("GET", RUN, Role.VIEWER),
                    new Endpoint("GET", RUN + "/plan", Role.VIEWER),
                    new Endpoint("POST", RUN + "/pause", Role.OPERATOR),
                    new Endpoint("POST", RUN + "/resume", Role.OPERATOR),
                    new Endpoint("POST", RUN + "/cancel", Role.OPERATOR),
                    new Endpoint("POST", RUN + "/retry", Role.OPERATOR),
                    new Endpoint("GET", RUN + "/recovery", Role.VIEWER),
                    new Endpoint("GET", RUN + "/events", Role.VIEWER),
                    new Endpoint("GET", RUN + "/metrics", Role.VIEWER),
                    new Endpoint("GET", RUN + "/logs", Role.VIEWER),
                    new Endpoint("GET", RUN + "/checkpoints", Role.VIEWER),
                    new Endpoint("POST", RUN + "/checkpoints/a/1/verify", Role.OPERATOR),
                    new Endpoint("GET", RUN + "/artifacts", Role.VIEWER),
                    new Endpoint("DELETE", RUN, Role.OPERATOR),
                    new Endpoint("POST", "/api/v1/store/rebuild", Role.ADMIN),
                    new Endpoint("POST", "/api/v1/store/collect", Role.ADMIN),
                    new Endpoint("GET", "/api/v1/workers", Role.VIEWER),
                    new Endpoint("GET", "/api/v1/tokens", Role.ADMIN),
                    new Endpoint("POST", "/api/v1/tokens", Role.ADMIN),
                    new Endpoint("DELETE", "/api/v1/tokens/x", Role.ADMIN),
                    new Endpoint("GET", "/q/metrics", Role.VIEWER),
                    new Endpoint("GET", "/q/openapi", Role.VIEWER),
                    new Endpoint("GET", "/nowhere", Role.VIEWER),
                    new Endpoint("PUT", "/nowhere", Role.ADMIN));

    @Test
    void everyEndpointRefusesWhoIsUnknownAndWhoMayNot() {
        String wrong = ApiTokens.generate();
        String viewer = token(Role.VIEWER);
        String operator = token(Role.OPERATOR);
        String admin = token(Role.ADMIN);
        List<String> surprises = new ArrayList<>();
        for (Endpoint endpoint : ENDPOINTS) {
            expect(surprises, endpoint, null, 401);
            expect(surprises, endpoint, wrong, 401);
            expect(surprises, endpoint, viewer, expected(endpoint, Role.VIEWER));
            expect(surprises, endpoint, operator, expected(endpoint, Role.OPERATOR));
            expect(surprises, endpoint, admin, 0);
        }
        assertThat(surprises).isEmpty();
    }

    /// 0: let in, whatever the answer then is.
    private static int expected(Endpoint endpoint, Role role) {
        return role.compareTo(endpoint.needed) >= 0 ? 0 : 403;
    }

    private static void expect(
            List<String> surprises,
            Endpoint endpoint,
            @org.jspecify.annotations.Nullable String token,
            int status) {
        var request = token == null ? given() : as(token);
        Response answer =
                request.contentType("application/json")
                        .body(endpoint.method.equals("GET") ? "" : "{}")
                        .request(endpoint.method, endpoint.path);
        int got = answer.statusCode();
        boolean letIn = got != 401 && got != 403;
        if (status == 0 ? !letIn : got != status) {
            surprises.add(endpoint + " answered " + got + ", expected " + status);
        }
        if (got >= 500) {
            surprises.add(endpoint + " answered " + got);
        }
    }

    @Test
    void aProblemHasItsWholeShape() {
        as(token(Role.VIEWER))
                .get(RUN)
                .then()
                .statusCode(404)
                .contentType(containsString("application/problem+json"))
                .body("type", equalTo("https://tanren.dev/errors/TNR-6004"))
                .body("title", equalTo("Not found"))
                .body("status", equalTo(404))
                .body("code", equalTo("TNR-6004"))
                .body("detail", notNullValue())
                .body("where", startsWith("run/"))
                .body("mend", notNullValue())
                .body("retryable", equalTo(false))
                .body("traceId", matchesPattern("[0-9a-f]{32}"));
    }

    @Test
    void whatTheRouterRefusesIsAProblemToo() {
        String admin = token(Role.ADMIN);
        problem(as(admin).get("/api/v1/nothing"), 404);
        problem(as(admin).get("/nowhere"), 404);
        problem(as(admin).delete("/api/v1/runs"), 405);
        problem(as(admin).contentType("image/png").body("x").post("/api/v1/runs"), 415);
        problem(
                as(admin).contentType("application/json").body("{\"name\":").post("/api/v1/tokens"),
                400);
        problem(
                as(admin)
                        .contentType("application/json")
                        .body("{\"nmae\":\"x\"}")
                        .post("/api/v1/tokens"),
                400);
        problem(
                as(admin)
                        .contentType("application/yaml")
                        .body("x".repeat(1 + (1 << 20)))
                        .post("/api/v1/plans/validate"),
                413);
        problem(given().header("Host", "evil.example").get("/q/health/live"), 403);
    }

    private static void problem(Response answer, int status) {
        answer.then()
                .statusCode(status)
                .contentType(containsString("application/problem+json"))
                .body("status", equalTo(status))
                .body("code", startsWith("TNR-"))
                .body("traceId", notNullValue());
    }

    @Test
    void everyAnswerCarriesTheSecurityHeaders() {
        given().get("/q/health/live")
                .then()
                .statusCode(200)
                .header("Content-Security-Policy", containsString("default-src 'none'"))
                .header("X-Content-Type-Options", "nosniff")
                .header("X-Frame-Options", "DENY");
    }

    @Test
    void anIssuedTokenWorksUntilItIsRevoked() {
        String admin = token(Role.ADMIN);
        Response issued =
                as(admin)
                        .contentType("application/json")
                        .body("{\"name\":\"ci\",\"role\":\"operator\"}")
                        .post("/api/v1/tokens");
        issued.then().statusCode(201).body("token", matchesPattern("tnr_[0-9a-f]{40}"));
        String secret = issued.path("token");
        as(secret).get("/api/v1/workers").then().statusCode(200);
        as(admin)
                .get("/api/v1/tokens")
                .then()
                .statusCode(200)
                .body("items.name", hasItem("ci"))
                .body("items.toString()", not(containsString(secret)));
        as(admin).delete("/api/v1/tokens/" + issued.path("id")).then().statusCode(204);
        as(secret).get("/api/v1/workers").then().statusCode(401);
        as(admin).delete("/api/v1/tokens/" + issued.path("id")).then().statusCode(404);
    }

    @Test
    void aTokenThatAsksTooMuchIsToldToWait() throws Exception {
        String busy = token(Role.VIEWER);
        int tooMany = 20;
        List<Callable<Response>> calls = new ArrayList<>();
        for (int i = 0; i < Stack.REQUESTS_OF_A_TOKEN + tooMany; i++) {
            calls.add(() -> as(busy).get("/api/v1/schemas/plan"));
        }
        List<Integer> statuses = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<Response> call : threads.invokeAll(calls)) {
                statuses.add(call.get().statusCode());
            }
        }
        assertThat(statuses).containsOnly(200, 429);
        assertThat(Collections.frequency(statuses, 429)).isEqualTo(tooMany);
        as(busy).get("/api/v1/runs")
                .then()
                .statusCode(429)
                .header("Retry-After", "1")
                .body("code", equalTo("TNR-6008"))
                .body("retryable", equalTo(true));
        as(token(Role.VIEWER)).get("/api/v1/schemas/plan").then().statusCode(200);
    }

    @Test
    void readinessNamesItsPartsAndMetersHaveOnePrefix() {
        given().get("/q/health/ready")
                .then()
                .body("checks.name", hasItem("database"))
                .body("checks.name", hasItem("object store"))
                .body("checks.name", hasItem("temporal"));
        String meters = as(token(Role.VIEWER)).get("/q/metrics").asString();
        assertThat(meters.lines().filter(line -> !line.startsWith("#")))
                .isNotEmpty()
                .allMatch(line -> line.startsWith("tanren_"));
        assertThat(meters).contains("tanren_runs{").contains("tanren_workers_alive");
    }
}
