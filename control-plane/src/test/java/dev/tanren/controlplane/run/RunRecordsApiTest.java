package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.DataUse;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.tokens.DatasetManifest.SourceStatistics;
import dev.tanren.storage.tokens.DatasetManifest.Statistics;
import dev.tanren.storage.tokens.PreparedDataset;
import dev.tanren.storage.tokens.PreparingDataset;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What a run leaves behind: steps, attempts, logs, artifacts and checkpoints.
@QuarkusTest
class RunRecordsApiTest extends RunApiTest {

    private static final String DIGITS = "0123456789";

    @Test
    void howFarAPreparationHasComeIsShownUntilItIsDone() {
        String id = recordedRun("preparing");
        tell(id, new PreparingDataset("code", "reading", 3, "files", 900L));
        tell(id, new PreparingDataset("code", "tokenising", 40, "documents", 25_000L));
        tell(id, new PreparingDataset("prose", "storing", 2, "shards", null));

        as(viewer)
                .get("/api/v1/runs/" + id)
                .then()
                .statusCode(200)
                .body("datasets", hasSize(0))
                .body("preparing.dataset", equalTo(List.of("code", "prose")))
                .body("preparing[0].doing", equalTo("tokenising"))
                .body("preparing[0].done", equalTo(40))
                .body("preparing[0].unit", equalTo("documents"))
                .body("preparing[0].bytes", equalTo(25_000))
                .body("preparing[0].at", notNullValue());

        PreparedDataset code =
                new PreparedDataset("code", "m", false, 1, 0, Statistics.of(1, 1), List.of());
        registry.events()
                .append(
                        id,
                        PreparedDataset.EVENT,
                        null,
                        "prepared",
                        Json.mapper().convertValue(code, new TypeReference<>() {}),
                        null);
        as(viewer)
                .get("/api/v1/runs/" + id)
                .then()
                .body("datasets.dataset", equalTo(List.of("code")))
                .body("preparing.dataset", equalTo(List.of("prose")));
    }

    private void tell(String id, PreparingDataset progress) {
        registry.events()
                .append(
                        id,
                        PreparingDataset.EVENT,
                        null,
                        progress.sentence(),
                        Json.mapper().convertValue(progress, new TypeReference<>() {}),
                        null);
    }

    @Test
    void whatWasPreparedForARunIsShownInAllAndBySource() {
        String id = recordedRun("prepared");
        PreparedDataset prepared =
                new PreparedDataset(
                        "code",
                        "datasets/hash/manifest.json",
                        false,
                        1_280,
                        100,
                        new Statistics(
                                77,
                                22,
                                2,
                                3,
                                4,
                                1_380,
                                0.5,
                                List.of(
                                        new SourceStatistics(
                                                "file:/code", 1, 77, 22, 2, 3, 4, 1_380))),
                        List.of(new DataUse("adapt", "short", "code", 128, 80, 8, false)));
        Map<String, Object> data = Json.mapper().convertValue(prepared, new TypeReference<>() {});
        registry.events()
                .append(id, PreparedDataset.EVENT, null, "prepared\n\u0000", data, "prepared");
        registry.events()
                .append(id, PreparedDataset.EVENT, null, "newer", Map.of("of", "a worker"), null);

        as(viewer)
                .get("/api/v1/runs/" + id)
                .then()
                .statusCode(200)
                .body("datasets", hasSize(1))
                .body("datasets[0].dataset", equalTo("code"))
                .body("datasets[0].statistics.documents", equalTo(22))
                .body("datasets[0].statistics.sources[0].dropped", equalTo(4))
                .body("datasets[0].uses[0].times", equalTo(8.0f));
        assertThat(registry.events().ofTypes(id, Set.of(PreparedDataset.EVENT)).getFirst())
                .extracting(Events.Event::message)
                .isEqualTo("prepared\\n\\u0000");
    }

    @Test
    void aTrainingRunShowsWhereItStandsAndWhatAResumeWouldDo() {
        String id = recordedRun("trains");
        Attempt first = begin(id, 0);
        record(id, first, 1, 7);
        saved(first, 5);
        registry.attempts()
                .end(
                        first.fencingToken(),
                        AttemptStatus.FAILED,
                        "killed",
                        ErrorCode.RANK_CRASHED,
                        7);
        projector().become(id, "adapt", StageState.RUNNING);
        registry.runs().setProgress(id, "adapt", first.fencingToken(), "short", 7);

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
        registry.runs().setProgress(id, "adapt", second.fencingToken(), "short", 6);
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

    /// The last one is the newest attempt's, which readers take unless they ask for another.
    @Test
    void logsAreListedInTheOrderOfThePlansStages() {
        String plan =
                plan("order").replace("id: adapt", "id: zeta").replace("of: adapt", "of: zeta");
        String id = queuedRun("order", plan);
        put("runs/" + id + "/release/logs/1/rank-0.log", "later\n");
        put("runs/" + id + "/zeta/logs/2/rank-0.log", "second\n");
        put("runs/" + id + "/zeta/logs/10/rank-0.log", "tenth\n");

        as(viewer)
                .get("/api/v1/runs/" + id + "/logs")
                .then()
                .body("items.stage", contains("zeta", "zeta", "release"))
                .body("items.attempt", contains(2, 10, 1));
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
                .body("items[0].bytes", equalTo(2))
                .body(
                        "items[0].uri",
                        containsString(
                                "runs/" + id + "/release/artifacts/huggingface/config.json"));
    }

    @Test
    void anArtifactIsReadWholeAndFromAPlaceInIt() {
        String id = recordedRun("artifacts");
        put("runs/" + id + "/adapt/artifacts/huggingface/config.json", "0123456789");
        put("runs/" + id + "/adapt/logs/1/secret.log", "not an artifact");
        String of = "/api/v1/runs/" + id + "/artifacts/adapt/";
        as(viewer)
                .get(of + "huggingface/config.json")
                .then()
                .statusCode(200)
                .header("Content-Length", equalTo("10"))
                .body(equalTo("0123456789"));
        as(viewer)
                .header("Accept", "application/json")
                .get(of + "huggingface/config.json")
                .then()
                .statusCode(200)
                .contentType("application/octet-stream")
                .body(equalTo("0123456789"));
        as(viewer)
                .header("Range", "bytes=7-")
                .get(of + "huggingface/config.json")
                .then()
                .statusCode(206)
                .header("Content-Range", equalTo("bytes 7-9/10"))
                .body(equalTo("789"));
        Map<String, String> parts =
                Map.of("bytes=0-1", "01", "bytes=-1", "9", "bytes=8-99", "89", "bytes=-99", DIGITS);
        parts.forEach(
                (range, bytes) ->
                        as(viewer)
                                .header("Range", range)
                                .get(of + "huggingface/config.json")
                                .then()
                                .statusCode(206)
                                .body(equalTo(bytes)));
        for (String whole : List.of("lines=1-", "bytes=-", "bytes=0-1,3-4", "rubbish")) {
            as(viewer)
                    .header("Range", whole)
                    .get(of + "huggingface/config.json")
                    .then()
                    .statusCode(200)
                    .body(equalTo(DIGITS));
        }
        for (String outside : List.of("bytes=10-", "bytes=99999999999999999999-", "bytes=-0")) {
            as(viewer)
                    .header("Range", outside)
                    .get(of + "huggingface/config.json")
                    .then()
                    .statusCode(416)
                    .header("Content-Range", equalTo("bytes */10"))
                    .body("code", equalTo("TNR-6001"));
        }
        for (String name : List.of("none", "%2E%2E/logs/1/secret.log", "a//b")) {
            as(viewer).urlEncodingEnabled(false).get(of + name).then().statusCode(404);
        }
        as(viewer).get("/api/v1/runs/" + id + "/artifacts/none/a").then().statusCode(404);
        as(viewer).get("/api/v1/runs/none/artifacts/adapt/a").then().statusCode(404);
        RestAssured.given().get(of + "huggingface/config.json").then().statusCode(401);
    }

    @Test
    void aDownloadHasItsHashAndIsNotSentTwice() {
        String id = recordedRun("downloads");
        put("runs/" + id + "/release/artifacts/huggingface/config.json", DIGITS);
        put("runs/" + id + "/adapt/logs/2/rank-1.log", "first\nlast\n");
        String artifact =
                as(viewer)
                        .get("/api/v1/runs/" + id + "/artifacts")
                        .then()
                        .extract()
                        .path("items[0].href");
        String log =
                as(viewer)
                        .get("/api/v1/runs/" + id + "/logs")
                        .then()
                        .extract()
                        .path("items[0].href");
        String hash = "\"84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882\"";

        as(viewer)
                .get(artifact)
                .then()
                .statusCode(200)
                .header("ETag", equalTo(hash))
                .header("Content-Disposition", equalTo("attachment; filename=\"config.json\""))
                .body(equalTo(DIGITS));
        as(viewer).header("If-None-Match", hash).get(artifact).then().statusCode(304);
        as(viewer)
                .header("Range", "bytes=7-")
                .header("If-Range", "\"another\"")
                .get(artifact)
                .then()
                .statusCode(200)
                .body(equalTo(DIGITS));
        as(viewer)
                .get(log)
                .then()
                .statusCode(200)
                .contentType(containsString("text/plain"))
                .header("Content-Length", equalTo("11"))
                .header(
                        "Content-Disposition",
                        equalTo("attachment; filename=\"" + id + "-adapt-attempt-2-rank-1.log\""))
                .body(equalTo("first\nlast\n"));
        as(viewer).get(log.replace("/2/1", "/2/2")).then().statusCode(404);
        as(viewer).get(log.replace("/2/1", "/two/1")).then().statusCode(400);
        RestAssured.given().get(log).then().statusCode(401);
        as(viewer)
                .get("/api/v1/runs/" + id)
                .then()
                .body("links.logs", equalTo("/api/v1/runs/" + id + "/logs"))
                .body("links.artifacts", equalTo("/api/v1/runs/" + id + "/artifacts"));
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
                .statusCode(409)
                .body("code", equalTo("TNR-4005"))
                .body("retryable", equalTo(false));
        as(operator)
                .post("/api/v1/runs/" + id + "/checkpoints/adapt/6/verify")
                .then()
                .statusCode(404)
                .body("code", equalTo("TNR-6004"));
    }
}
