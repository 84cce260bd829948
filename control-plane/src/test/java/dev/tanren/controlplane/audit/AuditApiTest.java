package dev.tanren.controlplane.audit;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.security.ApiTokens;
import dev.tanren.controlplane.security.Refusals;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Audit.Filter;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is done and refused is in the audit, and administrators can read and verify it.
@QuarkusTest
class AuditApiTest extends ApiTest {

    @Inject Refusals refusals;

    private String admin;

    @BeforeEach
    void leavesEarlierRefusalsBehind() {
        refusals.write();
        admin = token(Role.ADMIN);
    }

    private String idOf(String secret) {
        return registry.tokens()
                .byHash(ApiTokens.hash(secret))
                .map(found -> found.id())
                .orElseThrow();
    }

    private List<Entry> by(String actorId) {
        return registry.audit().page(new Filter(actorId, null, null, null, null), null, 50);
    }

    private Entry newest() {
        return registry.audit().page(Filter.ALL, null, 1).getFirst();
    }

    private static Response signIn(String token) {
        return given().contentType("application/json")
                .body(Map.of("token", token))
                .post("/console/session");
    }

    @Test
    void aSessionsBeginningAndEndAreKeptWithTheTokensIdAndAddress() {
        String secret = token(Role.VIEWER);
        Map<String, String> cookies = signIn(secret).cookies();
        given().cookies(cookies)
                .header("X-CSRF-Token", cookies.get("tanren_csrf_" + RestAssured.port))
                .delete("/console/session")
                .then()
                .statusCode(204);

        List<Entry> kept = by(idOf(secret));
        assertThat(kept).extracting(Entry::action).containsExactly("session.end", "session.begin");
        assertThat(kept)
                .allSatisfy(entry -> assertThat(entry.address()).isEqualTo("127.0.0.1"))
                .allSatisfy(entry -> assertThat(entry.role()).isEqualTo("viewer"));
        assertThat(kept.getFirst().subject()).isEqualTo(kept.getLast().subject());
    }

    @Test
    void whoMayNotIsKeptWithTheirIdOnceForManyRequests() {
        String viewer = token(Role.VIEWER);
        for (int i = 0; i < 5; i++) {
            as(viewer).get("/api/v1/tokens").then().statusCode(403);
        }
        assertThat(by(idOf(viewer))).as("not a write for each").isEmpty();
        refusals.write();
        assertThat(by(idOf(viewer)))
                .singleElement()
                .satisfies(
                        entry -> {
                            assertThat(entry.action()).isEqualTo("request.refuse");
                            assertThat(entry.subject()).isEqualTo("GET /api/v1/tokens");
                            assertThat(entry.detail()).contains("\"count\":5", "\"status\":403");
                        });
    }

    @Test
    void aTokenThatWasRevokedIsStillSomebodys() {
        String secret = token(Role.OPERATOR);
        String id = idOf(secret);
        registry.tokens().revoke(id, TEST);
        as(secret).get("/api/v1/runs").then().statusCode(401);
        signIn(secret).then().statusCode(401);
        refusals.write();
        assertThat(by(id))
                .extracting(Entry::action)
                .containsExactlyInAnyOrder("request.refuse", "session.refuse");
    }

    @Test
    void aFloodFromOneAddressIsOneEntryAndFromManyIsABoundedNumber() {
        long before = newest().id();
        for (int i = 0; i < 300; i++) {
            as("tnr_a-wrong-token-of-a-flood" + i).get("/api/v1/runs").then().statusCode(401);
        }
        assertThat(newest().id()).isEqualTo(before);
        refusals.write();
        assertThat(newest().id()).isEqualTo(before + 1);
        assertThat(newest().detail()).contains("\"count\":300");
        assertThat(newest().actorId()).isEqualTo("nobody");

        for (int i = 0; i < 5_000; i++) {
            refusals.count(Actor.nobody("192.0.2." + i), "request.refuse", 401, "GET /x");
        }
        refusals.write();
        assertThat(newest().id()).isEqualTo(before + 2 + Refusals.MOST_KINDS);
        assertThat(newest().detail()).contains("\"count\":4900");
    }

    @Test
    void aTokensLifeIsReadWithWhatChanged() {
        Response issued =
                as(admin)
                        .contentType("application/json")
                        .body(Map.of("name", "ci", "role", "operator"))
                        .post("/api/v1/tokens");
        String id = issued.path("id");
        as(admin).post("/api/v1/tokens/" + id + "/rotate").then().statusCode(200);
        as(admin).delete("/api/v1/tokens/" + id).then().statusCode(204);

        as(admin)
                .queryParam("subject", "token/" + id)
                .get("/api/v1/audit")
                .then()
                .statusCode(200)
                .body(
                        "items.action",
                        equalTo(List.of("token.revoke", "token.rotate", "token.issue")))
                .body("items[0].actorId", equalTo(idOf(admin)))
                .body("items[0].before.state", equalTo("valid"))
                .body("items[0].after.state", equalTo("revoked"))
                .body("items[2].before", nullValue())
                .body("items[2].after.role", equalTo("operator"));
    }

    @Test
    void pagesFollowTheirCursorAndFiltersAreChecked() {
        for (int i = 0; i < 5; i++) {
            signIn(admin).then().statusCode(200);
        }
        Response first =
                as(admin)
                        .queryParams(Map.of("actor", idOf(admin), "action", "session", "limit", 3))
                        .get("/api/v1/audit");
        first.then().statusCode(200).body("items", hasSize(3));
        as(admin)
                .queryParams(
                        Map.of(
                                "actor",
                                idOf(admin),
                                "limit",
                                3,
                                "cursor",
                                first.path("nextCursor")))
                .get("/api/v1/audit")
                .then()
                .body("items", hasSize(2))
                .body("nextCursor", nullValue());
        for (String far : List.of("0000-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59")) {
            for (String name : List.of("since", "until")) {
                as(admin)
                        .urlEncodingEnabled(false)
                        .get("/api/v1/audit?" + name + "=" + far)
                        .then()
                        .statusCode(200);
            }
        }
        for (String wrong :
                List.of(
                        "since=yesterday",
                        "until=1",
                        "since=-0001-01-01T00:00:00Z",
                        "until=%2B1000000000-12-31T23:59:59Z",
                        "cursor=x",
                        "limit=201")) {
            as(admin)
                    .urlEncodingEnabled(false)
                    .get("/api/v1/audit?" + wrong)
                    .then()
                    .statusCode(400);
        }
        as(token(Role.APPROVER)).get("/api/v1/audit").then().statusCode(403);
        as(token(Role.APPROVER)).get("/api/v1/audit/verification").then().statusCode(403);
    }

    @Test
    void theChainIsVerifiedOnRequest() {
        signIn(admin).then().statusCode(200);
        Entry last = newest();
        as(admin)
                .get("/api/v1/audit/verification")
                .then()
                .statusCode(200)
                .body("whole", equalTo(true))
                .body("firstBroken", nullValue())
                .body("first.id", equalTo(1))
                .body("entries", equalTo((int) last.id()))
                .body("last.hash", equalTo(last.hash()));
    }

    @Test
    void noSecretIsInAnyEntry() {
        String viewer = token(Role.VIEWER);
        Response issued =
                as(admin)
                        .contentType("application/json")
                        .body(Map.of("name", "canary", "role", "viewer"))
                        .post("/api/v1/tokens");
        String secret = issued.path("token");
        String rotated =
                as(admin).post("/api/v1/tokens/" + issued.path("id") + "/rotate").path("token");
        Map<String, String> cookies = signIn(rotated).cookies();
        // Taken for an id.
        as(viewer).delete("/api/v1/tokens/" + rotated).then().statusCode(403);
        as(viewer)
                .delete("/api/v1/tokens/" + cookies.get("tanren_session_" + RestAssured.port))
                .then()
                .statusCode(403);
        refusals.write();

        String all =
                registry.audit().page(Filter.ALL, null, 1_000).toString()
                        + as(admin).queryParam("limit", 200).get("/api/v1/audit").asString();
        assertThat(
                        Stream.concat(
                                Stream.of(secret, rotated, viewer, admin),
                                cookies.values().stream()))
                .allSatisfy(
                        hidden ->
                                assertThat(all)
                                        .doesNotContain(hidden)
                                        .doesNotContain(ApiTokens.hash(hidden)));
    }

    @Test
    void whatAnyoneForwardsChangesNothing() {
        String viewer = token(Role.VIEWER);
        Response signedIn =
                given().header("X-Forwarded-For", "203.0.113.9")
                        .header("X-Forwarded-Proto", "https")
                        .header("X-Forwarded-Host", "evil.example")
                        .header("Forwarded", "for=198.51.100.1")
                        .contentType("application/json")
                        .body(Map.of("token", viewer))
                        .post("/console/session");
        signedIn.then().statusCode(200);
        assertThat(signedIn.headers().getValues("Set-Cookie"))
                .noneMatch(cookie -> cookie.matches("(?i).*(;secure|__Host-).*"));
        assertThat(by(idOf(viewer)))
                .singleElement()
                .satisfies(entry -> assertThat(entry.address()).isEqualTo("127.0.0.1"));
    }
}
