package dev.tanren.controlplane.run;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.storage.registry.Workers.Worker;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Plans before they are runs.
@QuarkusTest
class PlansApiTest extends RunApiTest {

    @Test
    void aPlanIsValidatedInYamlAndEveryMistakeIsNamed() {
        as(viewer)
                .contentType("application/yaml")
                .body(plan("fine"))
                .post("/api/v1/plans/validate")
                .then()
                .statusCode(200)
                .body("valid", equalTo(true))
                .body("problems", empty());
        as(viewer)
                .contentType("application/yaml")
                .body(
                        plan("wrong")
                                .replace("precision: fp32", "precison: fp32")
                                .replace("seed: 17", "seed: x"))
                .post("/api/v1/plans/validate")
                .then()
                .statusCode(200)
                .body("valid", equalTo(false))
                .body("problems", hasSize(2))
                .body("problems[1].code", equalTo("TNR-1002"))
                .body("problems[1].nearest", equalTo("precision"))
                .body("problems[1].line", notNullValue());
    }

    @Test
    void aPlanThatIsNotUtf8IsRefusedWithItsLineAndNeverGuessedAt() {
        String text = plan("latin").replace("include:", "textField: \"café\", include:");
        byte[] latin = text.getBytes(StandardCharsets.ISO_8859_1);
        int line = (int) text.substring(0, text.indexOf("café")).lines().count();
        as(viewer)
                .contentType("application/yaml")
                .body(latin)
                .post("/api/v1/plans/validate")
                .then()
                .statusCode(200)
                .body("valid", equalTo(false))
                .body("problems", hasSize(1))
                .body("problems[0].line", equalTo(line))
                .body("problems[0].found", containsString("0xE9"));
        for (String path : List.of("/api/v1/plans/explain", "/api/v1/runs")) {
            as(operator)
                    .contentType("application/yaml")
                    .body(latin)
                    .post(path)
                    .then()
                    .statusCode(422)
                    .body("detail", containsString("TNR-1001"))
                    .body("detail", containsString("line " + line));
        }
        as(viewer)
                .contentType("application/yaml")
                .body(text.getBytes(StandardCharsets.UTF_8))
                .post("/api/v1/plans/validate")
                .then()
                .statusCode(200)
                .body("valid", equalTo(true));
    }

    @Test
    void aPlanIsExplained() {
        as(viewer)
                .contentType("application/yaml")
                .body(plan("explained"))
                .post("/api/v1/plans/explain")
                .then()
                .statusCode(200)
                .body("stages[0].training.steps", equalTo(10))
                .body("stages[0].training.compute.fit", nullValue());
        as(viewer)
                .contentType("application/yaml")
                .queryParam("device", "1MB")
                .body(plan("explained"))
                .post("/api/v1/plans/explain")
                .then()
                .statusCode(200)
                .body("stages[0].training.compute.fit.fits", equalTo(false))
                .body("stages[0].training.compute.fit.device.memoryBytes", equalTo(1_000_000));
        as(viewer)
                .contentType("application/yaml")
                .queryParam("device", "abacus")
                .body(plan("explained"))
                .post("/api/v1/plans/explain")
                .then()
                .statusCode(400)
                .body("code", equalTo("TNR-7005"));
        as(viewer)
                .contentType("application/yaml")
                .body("name: x")
                .post("/api/v1/plans/explain")
                .then()
                .statusCode(422)
                .body("code", equalTo("TNR-1009"));
        as(viewer).get("/api/v1/schemas/plan").then().statusCode(200).body("$id", notNullValue());
    }

    @Test
    void aPlanIsHeldAgainstTheWorkerThatHasMostMemory() {
        announce("small", 1L << 30);
        announce("large", 1L << 50);

        as(viewer)
                .contentType("application/yaml")
                .queryParam("device", "worker")
                .body(plan("explained"))
                .post("/api/v1/plans/explain")
                .then()
                .statusCode(200)
                .body("stages[0].training.compute.fit.device.memoryBytes", equalTo(1L << 50))
                .body("stages[0].training.compute.fit.fits", equalTo(true))
                .body(
                        "stages[0].training.compute.expected.assumptions",
                        containsString("60 GFLOP/s a thread"));
    }

    private void announce(String name, long memoryBytes) {
        Instant now = Instant.now();
        registry.workers()
                .announce(
                        new Worker(
                                "plans-" + name,
                                "host",
                                1,
                                "tanren",
                                2,
                                memoryBytes,
                                0,
                                "0.1.0",
                                Worker.IDLE,
                                now,
                                now));
    }

    @Test
    void templatesAreOfferedToViewers() {
        as(viewer)
                .get("/api/v1/plans/templates")
                .then()
                .statusCode(200)
                .body("items[0].id", equalTo("first-run"))
                .body("items.runsHere", everyItem(equalTo(false)))
                .body("items.text", everyItem(containsString("apiVersion: tanren.dev/v1")));
    }
}
