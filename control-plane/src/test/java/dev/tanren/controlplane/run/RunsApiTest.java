package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.RunStatus;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class RunsApiTest extends ApiTest {

    private String viewer;
    private String operator;

    @BeforeEach
    void tokens() {
        viewer = token(Role.VIEWER);
        operator = token(Role.OPERATOR);
    }

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
                .body("problems[1].nearest", equalTo("precision"))
                .body("problems[1].line", notNullValue());
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
        registry.runs().setStatus(ids.getFirst(), RunStatus.PAUSED, "asked for", null);

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
    void aTrainingRunShowsWhereItStandsAndWhatAResumeWouldDo() {
        String id = recordedRun("trains");
        Attempt first = begin(id, 0);
        record(id, first, 1, 7);
        registry.attempts()
                .end(first.fencingToken(), RunStatus.FAILED, "killed", "RANK_CRASHED", 7);
        checkpoint(id, first, 5);
        registry.runs().setStageStatus(id, "adapt", RunStatus.RUNNING);
        registry.runs().setProgress(id, "adapt", "short", 7);

        as(viewer)
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .statusCode(200)
                .body("resumeStep", equalTo(5))
                .body("lastStep", equalTo(7))
                .body("stepsLost", equalTo(2))
                .body("secondsLost", equalTo(1.0f))
                .body("ranks", equalTo(2))
                .body(
                        "summary",
                        equalTo("Resumes stage adapt from step 5, loses 2 steps, on 2 ranks."));

        Attempt second = begin(id, 5);
        record(id, second, 6, 6);
        registry.runs().setProgress(id, "adapt", "short", 6);
        as(viewer)
                .get("/api/v1/runs/" + id)
                .then()
                .statusCode(200)
                .body("run.step", equalTo(6))
                .body("run.stage", equalTo("adapt"))
                .body("run.stageNumber", equalTo(1))
                .body("run.tokensPerSecond", equalTo(2048.0f))
                .body("run.etaSeconds", equalTo(2.0f))
                .body("run.attempts", equalTo(2))
                .body("attempts[1].stepsRecomputed", equalTo(2))
                .body("attempts[1].recoverySeconds", notNullValue())
                .body("attempts[0].failureClass", equalTo("RANK_CRASHED"));
        as(viewer)
                .get("/api/v1/runs/" + id + "/metrics?stage=adapt")
                .then()
                .statusCode(200)
                .body("steps", contains(1, 2, 3, 4, 5, 6, 7))
                .body("rolledBack", contains(false, false, false, false, false, false, true))
                .body("attempt[5]", equalTo(2))
                .body("series.loss", hasSize(7))
                .body("series.gradientNorm[0]", nullValue())
                .body("series.tokensPerSecond[0]", equalTo(2048.0f))
                .body("evaluations.code[0].loss", equalTo(2.0f));
        String csv = as(viewer).get("/api/v1/runs/" + id + "/metrics?format=csv").asString();
        assertThat(csv.lines()).hasSize(8);
        assertThat(csv).startsWith("step,phase,attempt,rolledBack,at,gradientNorm,loss");
        as(viewer).get("/api/v1/runs/" + id + "/metrics?stage=none").then().statusCode(404);
        as(viewer).get("/api/v1/runs/" + id + "/metrics?points=0").then().statusCode(400);
    }

    private Attempt begin(String id, long step) {
        return registry.attempts().begin(id, "adapt", "short", "w", 2, step, "request-" + step);
    }

    private void record(String id, Attempt attempt, long from, long to) {
        List<StepRow> rows = new ArrayList<>();
        for (long step = from; step <= to; step++) {
            rows.add(
                    new StepRow(
                            step,
                            0,
                            attempt.attempt(),
                            "short",
                            false,
                            "hash",
                            Map.of(
                                    "loss",
                                    5.0 / step,
                                    "tokens",
                                    1024.0,
                                    "gradientNorm",
                                    Double.NaN,
                                    "seconds.total",
                                    0.5),
                            Instant.now()));
        }
        registry.metrics().record(id, "adapt", attempt.fencingToken(), rows);
        registry.metrics()
                .recordEvaluation(
                        id,
                        "adapt",
                        attempt.fencingToken(),
                        1,
                        Map.of("code", new EvaluationRow(1, "code", 2.0, Math.exp(2), 100)));
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
                                "runs/" + id + "/adapt/checkpoints/none/manifest.json",
                                100,
                                "abc",
                                1.0));
    }

    @Test
    void aFailureIsToldWithItsCodeClassAndMend() {
        String id = recordedRun("failed");
        registry.runs()
                .setStatus(
                        id,
                        RunStatus.FAILED,
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
    void logsAndArtifactsAreListedAndRead() {
        String id = recordedRun("logs");
        put("runs/" + id + "/adapt/logs/1/rank-0.log", "one\ntwo\nthree\n");
        put("runs/" + id + "/adapt/logs/1/rank-1.log", "other\n");
        put("runs/" + id + "/release/artifacts/huggingface/config.json", "{}");
        as(viewer)
                .get("/api/v1/runs/" + id + "/logs")
                .then()
                .statusCode(200)
                .body("items", hasSize(2))
                .body("items[1].rank", equalTo(1))
                .body("items[0].stage", equalTo("adapt"));
        as(viewer)
                .header("Accept", "application/json")
                .get("/api/v1/runs/" + id + "/logs?stage=adapt&attempt=1&rank=0&tail=2")
                .then()
                .statusCode(200)
                .contentType(containsString("text/plain"))
                .body(equalTo("two\nthree\n"));
        as(viewer)
                .get("/api/v1/runs/" + id + "/logs?stage=adapt&attempt=2&rank=0")
                .then()
                .statusCode(404);
        as(viewer)
                .get("/api/v1/runs/" + id + "/logs?stage=..&attempt=2&rank=0")
                .then()
                .statusCode(400);
        as(viewer)
                .get("/api/v1/runs/" + id + "/artifacts")
                .then()
                .body("items.name", contains("huggingface/config.json"))
                .body("items[0].bytes", equalTo(2));
    }

    private void put(String key, String text) {
        store.put(key, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void checkpointsAreListedAndAMissingManifestIsTold() {
        String id = recordedRun("checkpoints");
        Attempt attempt = begin(id, 0);
        checkpoint(id, attempt, 5);
        as(viewer)
                .get("/api/v1/runs/" + id + "/checkpoints")
                .then()
                .body("items.step", contains(5))
                .body("items[0].verifiedAt", nullValue());
        as(operator)
                .post("/api/v1/runs/" + id + "/checkpoints/adapt/5/verify")
                .then()
                .statusCode(404)
                .body("code", equalTo("TNR-4004"));
        as(operator)
                .post("/api/v1/runs/" + id + "/checkpoints/adapt/6/verify")
                .then()
                .statusCode(404)
                .body("code", equalTo("TNR-6004"));
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
