package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Runs;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Runs as they are created, listed and acted on.
@QuarkusTest
class RunsApiTest extends RunApiTest {

    @Test
    void aRunIsCreatedWithItsLocation() {
        Response created = submit(plan("created"), null);
        created.then()
                .statusCode(201)
                .body("name", equalTo("created"))
                .body("owner", equalTo("operator"))
                .body("stageCount", equalTo(2));
        assertThat(created.header("Location")).endsWith("/api/v1/runs/" + created.path("id"));
        as(viewer)
                .get("/api/v1/runs/" + created.path("id"))
                .then()
                .statusCode(200)
                .body("run.id", equalTo(created.path("id")))
                .body("stages.id", contains("adapt", "release"))
                .body("stages[0].totalSteps", equalTo(10))
                .body("stages[0].phases[0].lastStep", equalTo(10))
                .body("failure", nullValue())
                .body("plan.name", equalTo("created"));
        assertThat(registry.audit().list("run/" + created.path("id"), 10)).hasSize(1);
        submit("name: broken", null).then().statusCode(422).body("code", equalTo("TNR-1009"));
    }

    private Response submit(String plan, @org.jspecify.annotations.Nullable String key) {
        var request = as(operator).contentType("application/yaml").body(plan);
        if (key != null) {
            request.header("Idempotency-Key", key);
        }
        return request.post("/api/v1/runs");
    }

    @Test
    void fiftyPostsWithOneKeyMakeOneRun() throws Exception {
        List<Callable<Response>> calls = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            calls.add(() -> submit(plan("fifty"), "key-of-fifty"));
        }
        List<String> ids = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(50)) {
            for (Future<Response> call : threads.invokeAll(calls)) {
                assertThat(call.get().statusCode()).isEqualTo(201);
                ids.add(call.get().path("id"));
            }
        }
        assertThat(ids).hasSize(50).containsOnly(ids.getFirst());
        assertThat(registry.runs().list(new Runs.Filter(null, "fifty", null), null, 10)).hasSize(1);
        submit(plan("other"), "key-of-fifty")
                .then()
                .statusCode(422)
                .body("code", equalTo("TNR-6006"));
    }

    @Test
    void runsAreListedByPageAndFilter() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.addFirst(recordedRun("paged-" + i));
        }
        projector().become(ids.getFirst(), RunState.PAUSED, "asked for", null);

        List<String> seen = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            Response page =
                    as(viewer)
                            .queryParam("name", "PAGED")
                            .queryParam("limit", 2)
                            .queryParam("cursor", cursor)
                            .get("/api/v1/runs");
            page.then().statusCode(200);
            seen.addAll(page.path("items.id"));
            cursor = page.path("nextCursor");
        }
        assertThat(seen).isEqualTo(ids);

        as(viewer)
                .get("/api/v1/runs?status=paused,failed&name=paged")
                .then()
                .body("items.id", contains(ids.getFirst()))
                .body("items[0].actions", empty())
                .body("items[0].reason", equalTo("asked for"));
        as(operator)
                .get("/api/v1/runs?status=paused&status=failed&name=paged&owner=mei")
                .then()
                .body("items[0].actions", contains("resume", "cancel"));
        as(viewer).get("/api/v1/runs?status=lost").then().statusCode(400);
        as(viewer).get("/api/v1/runs?limit=0").then().statusCode(400);
        as(viewer).get("/api/v1/runs?cursor=x").then().statusCode(400);
    }

    @Test
    void aFailureIsToldWithItsCodeClassAndMend() {
        String id = recordedRun("failed");
        projector()
                .become(
                        id,
                        RunState.FAILED,
                        "a rank crashed",
                        new Runs.Failure("RANK_CRASHED", "rank 1 ended", "rank 1", "see its log"));
        as(operator)
                .get("/api/v1/runs/" + id)
                .then()
                .body("failure.code", equalTo("TNR-5001"))
                .body("failure.failureClass", equalTo("rank_crashed"))
                .body("failure.retryable", equalTo(true))
                .body("run.actions", contains("retry"));
    }

    @Test
    void aStateThatDoesNotAllowAnActionIsAConflict() {
        String id = recordedRun("conflict");
        as(operator)
                .noContentType()
                .post("/api/v1/runs/" + id + "/resume")
                .then()
                .statusCode(409)
                .body("code", equalTo("TNR-6005"))
                .body("detail", containsString("paused"));
        as(operator)
                .contentType("application/json")
                .body("{\"reason\":\"once more\"}")
                .post("/api/v1/runs/" + id + "/retry")
                .then()
                .statusCode(409);
        as(operator)
                .contentType("application/json")
                .body("{\"raeson\":\"mistyped\"}")
                .post("/api/v1/runs/" + id + "/pause")
                .then()
                .statusCode(400)
                .body("code", equalTo("TNR-6001"));
    }
}
