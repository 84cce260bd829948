package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.controlplane.security.ApiTokens;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import dev.tanren.storage.registry.IdempotencyKeys.Reserved;
import dev.tanren.storage.registry.Runs.Filter;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.StartedAttempt;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is kept of a submission, and what a run is known by at its end.
@QuarkusTest
class RunPlansTest extends ApiTest {

    private String viewer;
    private String operator;

    @BeforeEach
    void tokens() {
        viewer = token(Role.VIEWER);
        operator = token(Role.OPERATOR);
    }

    private Response submit(String type, String text) {
        return as(operator).contentType(type).body(text).post("/api/v1/runs");
    }

    @Test
    void aPlanComesBackAsItWasWrittenAndCanBeSubmittedAgain() {
        String text = "# mine, with a comment: 鍛錬\n" + plan("kept");
        Response created = submit("application/yaml;charset=UTF-8", text);
        created.then().statusCode(201);
        String path = "/api/v1/runs/" + created.path("id");
        as(viewer)
                .get(path)
                .then()
                .body("planText", equalTo(text))
                .body("planMediaType", equalTo("application/yaml"))
                .body("plan.name", equalTo("kept"));

        Response plan = as(viewer).get(path + "/plan");

        plan.then().statusCode(200).contentType(containsString("application/yaml"));
        assertThat(plan.asString()).isEqualTo(text);
        submit("application/yaml", plan.asString()).then().statusCode(201);
    }

    @Test
    void aPlanInJsonComesBackAsJson() {
        String text = Json.write(Json.mapper().createObjectNode().put("name", "x"));
        submit("application/json", text).then().statusCode(422);
        Response created = submit("application/json", json(plan("in-json")));
        created.then().statusCode(201);
        as(viewer)
                .get("/api/v1/runs/" + created.path("id") + "/plan")
                .then()
                .contentType(containsString("application/json"))
                .body("name", equalTo("in-json"));
    }

    private static String json(String yaml) {
        var load =
                new org.snakeyaml.engine.v2.api.Load(
                        org.snakeyaml.engine.v2.api.LoadSettings.builder().build());
        return Json.write(load.loadFromString(yaml));
    }

    @Test
    void aRunWhosePlanWasNotKeptSaysSo() {
        String id = SortableIds.next();
        String plan = Json.write(PlanReader.read(plan("old")).planOrThrow());
        registry.runs().create(new NewRun(id, "old", plan, null, "mei", List.of()));

        as(viewer).get("/api/v1/runs/" + id).then().body("planText", nullValue());
        as(viewer).get("/api/v1/runs/" + id + "/plan").then().statusCode(404);
    }

    @Test
    void theStageNamesItsNewestSoundCheckpoint() {
        String id = recordedRun("newest");
        String path = "/api/v1/runs/" + id;
        as(viewer).get(path).then().body("stages[0].latestCheckpoint", nullValue());
        Attempt attempt = StartedAttempt.begin(registry, id, "adapt", "short", "w", 2, 0, "a");
        for (long step : new long[] {5, 10, 8}) {
            checkpoint(id, attempt, step);
        }
        as(viewer)
                .get(path)
                .then()
                .body("stages[0].latestCheckpoint.step", equalTo(10))
                .body("stages[0].latestCheckpoint.weightsSha256", equalTo("hash-10"))
                .body("stages[1].latestCheckpoint", nullValue());

        registry.checkpoints()
                .quarantine(
                        registry.checkpoints().find(id, "adapt", 10).orElseThrow(),
                        "a shard is missing",
                        TEST);
        as(viewer).get(path).then().body("stages[0].latestCheckpoint.step", equalTo(8));
    }

    private void checkpoint(String id, Attempt attempt, long step) {
        registry.checkpoints()
                .restore(
                        new NewCheckpoint(
                                id,
                                "adapt",
                                "short",
                                step,
                                attempt.attempt(),
                                attempt.fencingToken(),
                                "runs/" + id + "/adapt/checkpoints/" + step + "/manifest.json",
                                100,
                                "hash-" + step,
                                1.0));
    }

    @Test
    void whoTakesAKeyOverFromADeadServerGoesOnWithItsRun() {
        String text = plan("taken-over");
        String owner =
                registry.tokens()
                        .byHash(ApiTokens.hash(operator))
                        .map(found -> found.id())
                        .orElseThrow();
        String hash = ApiTokens.hash("POST /api/v1/runs\n" + text);
        String id = SortableIds.next();
        Reserved dead =
                (Reserved) registry.idempotencyKeys().reserve(owner, "key-of-dead", hash, id);
        // The server died behind this: the run is recorded, its workflow not started.
        String plan = Json.write(PlanReader.read(text).planOrThrow());
        registry.runs().create(new NewRun(id, "taken-over", plan, null, "operator", List.of()));
        as(operator)
                .contentType("application/yaml")
                .header("Idempotency-Key", "key-of-dead")
                .body(text)
                .post("/api/v1/runs")
                .then()
                .statusCode(409)
                .header("Retry-After", equalTo("2"))
                .body("code", equalTo("TNR-6009"))
                .body("retryable", equalTo(true));
        registry.idempotencyKeys().release(dead);

        for (int i = 0; i < 2; i++) {
            as(operator)
                    .contentType("application/yaml")
                    .header("Idempotency-Key", "key-of-dead")
                    .body(text)
                    .post("/api/v1/runs")
                    .then()
                    .statusCode(201)
                    .body("id", equalTo(id));
        }
        assertThat(registry.runs().list(new Filter(null, "taken-over", null), null, 10)).hasSize(1);
        assertThat(registry.audit().list("run/" + id, 10))
                .as("the dead server had not written it, and it is written once")
                .extracting(Audit.Entry::action)
                .containsExactly("run.submit");
    }
}
