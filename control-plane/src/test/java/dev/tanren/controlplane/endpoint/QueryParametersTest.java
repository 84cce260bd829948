package dev.tanren.controlplane.endpoint;

import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

/// What is asked for and not known is told, in addresses and in bodies.
@QuarkusTest
class QueryParametersTest extends ApiTest {

    @Test
    void aMisspeltParameterIsRefusedWithThoseThatTheCallTakes() {
        as(token(Role.VIEWER))
                .get("/api/v1/runs?statuss=failed")
                .then()
                .statusCode(400)
                .body("where", equalTo("query parameter statuss"))
                .body("mend", allOf(containsString("status"), containsString("limit")));
        as(token(Role.VIEWER)).get("/api/v1/runs?status=failed").then().statusCode(200);
    }

    @Test
    void aCallThatTakesNoneSaysSo() {
        as(token(Role.VIEWER))
                .get("/api/v1/workers?limit=1")
                .then()
                .statusCode(400)
                .body("mend", containsString("takes none"));
    }

    @Test
    void anUnknownKeyOfABodyIsNamedWithoutTheNamesOfClasses() {
        as(token(Role.ADMIN))
                .contentType("application/json")
                .body("{\"name\": \"ci\", \"rolle\": \"viewer\"}")
                .post("/api/v1/tokens")
                .then()
                .statusCode(400)
                .body(
                        "detail",
                        equalTo(
                                "the body is not the JSON that this call takes: unknown key"
                                        + " \"rolle\"; it takes: expiresAt, name, role"));
    }
}
