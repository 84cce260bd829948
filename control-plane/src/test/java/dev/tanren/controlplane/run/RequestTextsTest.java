package dev.tanren.controlplane.run;

import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Characters that no record may have are refused at the door, whatever is asked.
@QuarkusTest
class RequestTextsTest extends RunApiTest {

    @ParameterizedTest
    @ValueSource(strings = {"pause", "resume", "cancel", "retry"})
    void aReasonWithACharacterThatCannotBeKeptIsRefusedForEveryAction(String action) {
        String id = recordedRun("refused");
        as(operator)
                .contentType("application/json")
                .body("{\"reason\":\"a\\u0000b\"}")
                .post("/api/v1/runs/" + id + "/" + action)
                .then()
                .statusCode(400)
                .body("code", equalTo("TNR-6001"))
                .body("where", equalTo("reason"))
                .body("detail", allOf(containsString("U+0000"), containsString("place 2")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "true", "1.5"})
    void aReasonThatIsNoTextIsRefused(String value) {
        String id = recordedRun("no-text");
        as(operator)
                .contentType("application/json")
                .body("{\"reason\":" + value + "}")
                .post("/api/v1/runs/" + id + "/pause")
                .then()
                .statusCode(400)
                .body("where", equalTo("reason"))
                .body("detail", containsString(value + " was found where a text is expected"));
    }

    @ParameterizedTest
    @CsvSource({
        "\\ud800, U+D800",
        "\\u001b[2J, U+001B",
        "\\u0085, U+0085",
    })
    void theCharacterIsNamed(String escape, String name) {
        String id = recordedRun("named");
        as(operator)
                .contentType("application/json")
                .body("{\"reason\":\"" + escape + "\"}")
                .post("/api/v1/runs/" + id + "/pause")
                .then()
                .statusCode(400)
                .body("detail", containsString(name));
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v1/runs/a%00b, path parameter id",
        "/api/v1/runs/a%00b/recovery, path parameter id",
        "/api/v1/runs?name=a%00b, query parameter name",
        "/api/v1/runs?owner=%1B, query parameter owner",
        "/api/v1/runs?status=%00, query parameter status",
    })
    void anAddressWithSuchACharacterIsRefusedWithItsPlace(String address, String where) {
        as(viewer)
                .urlEncodingEnabled(false)
                .get(address)
                .then()
                .statusCode(400)
                .body("code", equalTo("TNR-6001"))
                .body("where", equalTo(where));
    }

    @Test
    void aTokensNameIsRefusedToo() {
        as(token(Role.ADMIN))
                .contentType("application/json")
                .body("{\"name\":\"a\\u0000\",\"role\":\"viewer\"}")
                .post("/api/v1/tokens")
                .then()
                .statusCode(400)
                .body("where", equalTo("name"));
    }
}
