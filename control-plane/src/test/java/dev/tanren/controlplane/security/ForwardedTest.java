package dev.tanren.controlplane.security;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Audit.Filter;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a proxy that is trusted says counts, for limits, audit, cookies and links.
@QuarkusTest
@TestProfile(BehindAProxy.class)
class ForwardedTest extends ApiTest {

    private static final Map<String, String> OUTSIDE =
            Map.of(
                    "X-Forwarded-For", "203.0.113.20",
                    "X-Forwarded-Proto", "https",
                    "X-Forwarded-Host", "tanren.example");

    @Inject Refusals refusals;

    private static RequestSpecification from(String forwardedFor) {
        return given().header("X-Forwarded-For", forwardedFor);
    }

    @Test
    void limitsAndAuditCountTheRightMostAddressThatIsNoProxy() {
        refusals.write();
        long before =
                registry.audit().page(Filter.ALL, null, 1).stream()
                        .mapToLong(Entry::id)
                        .findFirst()
                        .orElse(0);
        for (int i = 0; i < BehindAProxy.FAILURES; i++) {
            from("6.6.6." + i + ", 203.0.113.9, 10.0.0.7")
                    .get("/api/v1/runs")
                    .then()
                    .statusCode(401);
        }
        from("6.6.6.66, 203.0.113.9").get("/api/v1/runs").then().statusCode(429);
        from("203.0.113.10").get("/api/v1/runs").then().statusCode(401);

        refusals.write();
        List<Entry> refused =
                registry
                        .audit()
                        .page(new Filter(null, "request.refuse", null, null, null), null, 9)
                        .stream()
                        .filter(entry -> entry.id() > before)
                        .toList();
        assertThat(refused)
                .extracting(Entry::address)
                .containsExactlyInAnyOrder("203.0.113.9", "203.0.113.9", "203.0.113.10");
        assertThat(refused)
                .filteredOn(entry -> entry.detail().contains("\"status\":401"))
                .filteredOn(entry -> "203.0.113.9".equals(entry.address()))
                .singleElement()
                .satisfies(entry -> assertThat(entry.detail()).contains("\"count\":3"));
    }

    @Test
    void overHttpsCookiesAreSecureAndKeptToTheHost() {
        Response signedIn =
                given().headers(OUTSIDE)
                        .contentType("application/json")
                        .body(Map.of("token", token(Role.VIEWER)))
                        .post("/console/session");
        signedIn.then().statusCode(200);
        assertThat(signedIn.headers().getValues("Set-Cookie"))
                .hasSize(2)
                .allMatch(
                        cookie ->
                                cookie.matches("(?i)__Host-tanren_(session|csrf)_443=.*;secure.*"))
                .allMatch(cookie -> cookie.matches("(?i).*path=/(;.*)?"));
        given().headers(OUTSIDE)
                .cookies(signedIn.cookies())
                .get("/api/v1/runs")
                .then()
                .statusCode(200);
        // Called by another address it is another stack's cookie.
        from("203.0.113.21").cookies(signedIn.cookies()).get("/api/v1/runs").then().statusCode(401);
    }

    @Test
    void linksLeadWhereTheClientCanGo() {
        as(token(Role.ADMIN))
                .headers(OUTSIDE)
                .contentType("application/json")
                .body("{\"name\":\"x\",\"role\":\"viewer\"}")
                .post("/api/v1/tokens")
                .then()
                .statusCode(201)
                .header("Location", matchesPattern("https://tanren\\.example/api/v1/tokens/\\w+"));
    }

    @Test
    void aHostThatIsNotOursIsRefusedHoweverItIsNamed() {
        from("203.0.113.22")
                .header("X-Forwarded-Host", "evil.example")
                .get("/q/health/live")
                .then()
                .statusCode(403);
        from("203.0.113.22")
                .header("Host", "evil.example")
                .header("X-Forwarded-Host", "tanren.example")
                .get("/q/health/live")
                .then()
                .statusCode(403);
    }

    @Test
    void aHeaderThatTheProxyLetsThroughDoesNotCountAgainstItsOwn() {
        from("203.0.113.23")
                .header("Forwarded", "for=198.51.100.1")
                .get("/q/health/live")
                .then()
                .statusCode(400)
                .body("code", equalTo("TNR-6001"));
    }

    @Test
    void wrongSignInsDoNotLockTheRightTokenOut() {
        String right = token(Role.VIEWER);
        String wrong = "tnr_wrong" + "x".repeat(20);
        for (int i = 0; i < 50; i++) {
            given().contentType("application/json")
                    .body(Map.of("token", wrong + i))
                    .post("/console/session")
                    .then()
                    .statusCode(i < BehindAProxy.FAILURES ? 401 : 429);
        }
        given().contentType("application/json")
                .body(Map.of("token", right))
                .post("/console/session")
                .then()
                .statusCode(200);
        as(right).get("/api/v1/runs").then().statusCode(200);
    }
}
