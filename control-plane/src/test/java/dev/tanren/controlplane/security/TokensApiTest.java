package dev.tanren.controlplane.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.registry.Tokens.Token;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import io.smallrye.config.SmallRyeConfigBuilder;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@QuarkusTest
class TokensApiTest extends ApiTest {

    @Inject TokenDirectory directory;

    private String idOf(String secret) {
        return registry.tokens().byHash(ApiTokens.hash(secret)).map(Token::id).orElseThrow();
    }

    private static Response issue(String admin, String expiresAt) {
        return as(admin)
                .contentType("application/json")
                .body(Map.of("name", "ci", "role", "viewer", "expiresAt", expiresAt))
                .post("/api/v1/tokens");
    }

    @Test
    void aTokenThatHasExpiredAlreadyIsNotMade() {
        String admin = token(Role.ADMIN);
        issue(admin, Instant.now().minusSeconds(1).toString())
                .then()
                .statusCode(400)
                .body("where", equalTo("expiresAt"));
        for (String wrong : List.of("+10000-01-01T00:00:00Z", "", " ", "tomorrow")) {
            issue(admin, wrong).then().statusCode(400).body("where", equalTo("expiresAt"));
        }
        issue(admin, Instant.now().plusSeconds(60).toString()).then().statusCode(201);
    }

    @Test
    void theLastAdministratorsTokenIsNotRevoked() {
        String admin = token(Role.ADMIN);
        String last = idOf(admin);
        for (Token other : registry.tokens().list()) {
            if (other.role() == Role.ADMIN && !other.id().equals(last)) {
                registry.tokens().revoke(other.id(), TEST);
            }
        }
        as(admin)
                .delete("/api/v1/tokens/" + last)
                .then()
                .statusCode(409)
                .body("mend", containsString("make another"));
        as(admin).get("/api/v1/tokens").then().statusCode(200);

        String next = token(Role.ADMIN);
        as(admin).delete("/api/v1/tokens/" + last).then().statusCode(204);
        as(next).get("/api/v1/tokens").then().statusCode(200);
    }

    @Test
    void aRotatedTokenHasItsNewSecretAndTheOldOneEndsWithItsSessions() {
        String old = token(Role.VIEWER);
        String id = idOf(old);
        Map<String, String> session =
                io.restassured.RestAssured.given()
                        .contentType("application/json")
                        .body(Map.of("token", old))
                        .post("/console/session")
                        .cookies();
        as(old).get("/api/v1/workers").then().statusCode(200);

        Response rotated = as(old).post("/api/v1/tokens/self/rotate");
        rotated.then().statusCode(200).body("id", equalTo(id)).body("role", equalTo("viewer"));
        String fresh = rotated.path("token");

        assertThat(fresh).isNotEqualTo(old);
        as(old).get("/api/v1/workers").then().statusCode(401);
        io.restassured.RestAssured.given()
                .cookies(session)
                .get("/api/v1/workers")
                .then()
                .statusCode(401);
        as(fresh).get("/api/v1/workers").then().statusCode(200);
        assertThat(registry.audit().list("token/" + id, 10))
                .extracting(entry -> entry.action())
                .containsExactly("token.issue", "token.rotate");
    }

    @Test
    void anothersTokenIsRotatedByAdministratorsAlone() {
        String other = token(Role.VIEWER);
        String address = "/api/v1/tokens/" + idOf(other) + "/rotate";
        as(token(Role.APPROVER)).post(address).then().statusCode(403);
        as(other).get("/api/v1/workers").then().statusCode(200);
        as(token(Role.ADMIN)).post(address).then().statusCode(200);
        as(other).get("/api/v1/workers").then().statusCode(401);
        as(token(Role.ADMIN)).post("/api/v1/tokens/nobody/rotate").then().statusCode(404);
    }

    @Test
    void theSecretThatTheSupervisorStillHasDoesNotComeBackAtTheNextStart() {
        String old = "tnr_an-administrator-of-another-day";
        var environment =
                new SmallRyeConfigBuilder().withDefaultValue("TANREN_ADMIN_TOKEN", old).build();
        directory.bootstrap(new StartupEvent(), environment);
        String fresh = as(old).post("/api/v1/tokens/self/rotate").path("token");

        directory.bootstrap(new StartupEvent(), environment);

        as(old).get("/api/v1/workers").then().statusCode(401);
        as(fresh).get("/api/v1/tokens").then().statusCode(200);
    }
}
