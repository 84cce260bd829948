package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.SmallCheckpoints;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Damaged checkpoints: what is said beforehand is what a retry would do.
@QuarkusTest
class QuarantineApiTest extends RunApiTest {

    private String failedAt(String name, long lastStep, long... saved) {
        String id = recordedRun(name);
        Attempt attempt = begin(id, 0);
        record(id, attempt, 1, lastStep);
        for (long step : saved) {
            saved(attempt, step);
        }
        registry.attempts()
                .end(
                        attempt.fencingToken(),
                        AttemptStatus.FAILED,
                        "killed",
                        ErrorCode.RANK_CRASHED,
                        lastStep);
        new RunProjector(registry).become(id, "adapt", StageState.FAILED);
        new RunProjector(registry).become(id, RunState.FAILED);
        return id;
    }

    private String shardOf(String id, long step) {
        String key = registry.checkpoints().find(id, "adapt", step).orElseThrow().manifestKey();
        return key.replace("manifest-", "shard-").replace(".json", "-00000.safetensors");
    }

    @Test
    void aBrokenManifestIsPassedOverBeforehandToo() {
        String id = failedAt("broken-manifest", 7, 6, 7);
        String newest = registry.checkpoints().find(id, "adapt", 7).orElseThrow().manifestKey();
        store.put(newest, "{".getBytes(StandardCharsets.UTF_8));
        as(viewer)
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .statusCode(200)
                .body("resumeStep", equalTo(6))
                .body("stepsLost", equalTo(1))
                .body("failure", nullValue())
                .body(
                        "summary",
                        equalTo(
                                "Resumes stage adapt from step 6, loses 1 step, on 2 ranks. Its"
                                        + " preparation never came to an end: model and datasets"
                                        + " are read from their sources anew."));
        // Saying so records nothing.
        assertThat(registry.checkpoints().list(id, "adapt")).hasSize(2);
    }

    @Test
    void whereNoneVerifiesTheFailureIsSaidAndAGoodVerifyLiftsTheQuarantine() {
        String id = failedAt("all-damaged", 7, 5);
        String shard = shardOf(id, 5);
        byte[] bytes = store.get(shard);
        store.put(shard, new byte[bytes.length]);
        String verify = "/api/v1/runs/" + id + "/checkpoints/adapt/5/verify";
        as(operator).post(verify).then().statusCode(409).body("code", equalTo("TNR-4005"));
        as(viewer)
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .statusCode(200)
                .body("failure", equalTo("CHECKPOINT_NONE_VALID"))
                .body("checkpointKey", nullValue())
                .body("stepsLost", equalTo(7))
                .body("summary", containsString("Would fail with TNR-4202"));

        store.put(shard, bytes);
        as(operator)
                .post(verify)
                .then()
                .statusCode(200)
                .body("quarantined", nullValue())
                .body("verifiedAt", notNullValue());

        as(viewer)
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .body("failure", nullValue())
                .body("resumeStep", equalTo(5))
                .body("stepsLost", equalTo(2));
        assertThat(registry.events().after(id, 0, 100))
                .extracting(Event::type)
                .containsExactly(
                        "checkpoint.committed", "checkpoint.quarantined", "checkpoint.released");
        List<Entry> kept = registry.audit().list("checkpoint/" + id + "/adapt/5", 10);
        assertThat(kept)
                .extracting(Entry::action, Entry::actor)
                .containsExactly(
                        tuple("checkpoint.quarantine", "operator"),
                        tuple("checkpoint.verify", "operator"),
                        tuple("checkpoint.release", "operator"),
                        tuple("checkpoint.verify", "operator"));
        assertThat(kept.getFirst().before()).isEqualTo("{\"quarantined\":false}");
        assertThat(kept.getFirst().after()).contains("\"quarantined\":true", "shard");
        assertThat(kept.get(2).after()).isEqualTo("{\"quarantined\":false}");
    }

    @Test
    void aCheckpointOfOtherDataIsRefusedBeforehandToo() {
        String id = failedAt("other-data", 7, 5);
        TrainedOn saved = SmallCheckpoints.TRAINED_ON;
        registry.inputs()
                .fix(
                        id,
                        new TrainedOn(
                                saved.model(),
                                Map.of(
                                        "other",
                                        new TrainedOn.Data(
                                                "00ff", "datasets/00ff/manifest.json", ""))));

        as(viewer)
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .statusCode(200)
                .body("failure", equalTo("CHECKPOINT_OTHER_INPUTS"))
                .body("stepsLost", equalTo(7))
                .body("summary", containsString("Would fail with TNR-4210"));
    }

    @Test
    void anEndedRunIsDeletedWithItsObjectsByAnOperatorAndOneAtWorkIsNot() {
        String id = recordedRun("to-delete");
        Committed saved = saved(begin(id, 0), 5);
        String path = "/api/v1/runs/" + id;
        as(viewer).delete(path).then().statusCode(403);
        as(operator).delete(path).then().statusCode(409).body("code", equalTo("TNR-6005"));
        new RunProjector(registry).become(id, RunState.CANCELLED);

        as(operator)
                .queryParam("reason", "no use")
                .delete(path)
                .then()
                .statusCode(200)
                .body("id", equalTo(id))
                .body("objects", equalTo(4));

        as(viewer).get(path).then().statusCode(404);
        as(operator).delete(path).then().statusCode(404);
        assertThat(store.find(saved.manifestKey())).isEmpty();
        assertThat(registry.audit().list("run/" + id, 10))
                .extracting(entry -> entry.action() + " " + entry.reason())
                .containsExactly("run.delete no use");
    }
}
