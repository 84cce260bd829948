package dev.tanren.controlplane.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.storage.testing.StartedAttempt;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DiagnosisApiTest extends ApiTest {

    private static final long GIBIBYTE = 1L << 30;

    @Test
    void aRunWhoseLoaderIsSlowSaysSo() {
        String id = recordedRun("slow-loader");
        steps(id, 1, Map.of("seconds.data", 0.1, "seconds.forward", 0.8), 1, 9);
        steps(id, 2, Map.of("seconds.data", 0.38, "seconds.forward", 0.6), 5, 30);

        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/diagnosis?stage=adapt")
                .then()
                .statusCode(200)
                .body("verdict", equalTo("data-bound"))
                .body("evidence", equalTo("the loader keeps the ranks waiting 38 % of the step"))
                .body("firstStep", equalTo(7))
                .body("lastStep", equalTo(30))
                .body("ranks", hasSize(2))
                .body("ranks[1].shares.forward", closeTo(0.6f))
                .body("modelFlopsUtilisation", nullValue())
                .body("memoryLimitBytes", nullValue())
                .body("secondsPerStep", closeTo(1f));
    }

    @Test
    void aFullMemoryAndIdleProcessorsNameTheDataLoader() {
        machine("full-machine", 32 * GIBIBYTE);
        String id = recordedRun("full-and-idle");
        steps(id, 1, slowLoader(14 * GIBIBYTE), 1, 20);
        registry.attempts().launched(newestToken(id), "full-machine");

        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/diagnosis?stage=adapt")
                .then()
                .statusCode(200)
                .body("verdict", equalTo("data-bound"))
                .body(
                        "evidence",
                        equalTo(
                                "the loader keeps the ranks waiting 38 % of the step, with the"
                                        + " memory full and the processors idle"))
                .body("mend", startsWith("Tokenise beforehand"))
                .body("memoryLimitBytes", equalTo(16 * GIBIBYTE))
                .body("ranks[1].peakResidentBytes", equalTo(14 * GIBIBYTE));
    }

    @Test
    void aRankWithRoomLeftInItsShareOfTheMachineIsNotCalledFull() {
        machine("roomy-machine", 64 * GIBIBYTE);
        String id = recordedRun("roomy");
        steps(id, 1, slowLoader(14 * GIBIBYTE), 1, 20);
        registry.attempts().launched(newestToken(id), "roomy-machine");

        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/diagnosis?stage=adapt")
                .then()
                .body("evidence", equalTo("the loader keeps the ranks waiting 38 % of the step"))
                .body("memoryLimitBytes", equalTo(32 * GIBIBYTE));
    }

    @Test
    void aRunOnDevicesOfKnownSpeedSaysHowMuchOfThemItUses() {
        String id = recordedRun("on-gpus");
        steps(id, 1, Map.of("seconds.forward", 0.9, "mfu", 0.375), 1, 10);

        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/diagnosis?stage=adapt")
                .then()
                .statusCode(200)
                .body("modelFlopsUtilisation", equalTo(0.375f));
    }

    @Test
    void whileARunRecoversNothingIsSaidOfWhatHoldsItsStepsUp() {
        String id = recordedRun("recovers-slowly");
        steps(id, 1, Map.of("seconds.forward", 0.9), 1, 10);
        registry.attempts()
                .end(
                        newestToken(id),
                        AttemptStatus.FAILED,
                        "the process ended by signal 9 (SIGKILL) [rank 1]",
                        ErrorCode.RANK_CRASHED,
                        10);

        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/diagnosis")
                .then()
                .statusCode(200)
                .body("situation.state", equalTo("recovering"))
                .body("situation.trouble.code", equalTo("TNR-5001"))
                .body("verdict", nullValue())
                .body("mend", nullValue())
                .body("lastStep", equalTo(10))
                .body("shares.forward", closeTo(0.9f));
        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .body("situation.headline", endsWith("(rank crashed)"));
        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id)
                .then()
                .body("situation.state", equalTo("recovering"))
                .body("attempts[0].code", equalTo("TNR-5001"))
                .body("attempts[0].failureClass", equalTo("RANK_CRASHED"));
    }

    @Test
    void aRunWithoutStepsHasNoVerdict() {
        as(token(Role.VIEWER))
                .get("/api/v1/runs/" + recordedRun("young") + "/diagnosis")
                .then()
                .statusCode(200)
                .body("verdict", nullValue())
                .body("ranks", empty());
    }

    @Test
    void aStageThatIsNotThereIsNotFound() {
        assertThat(
                        as(token(Role.VIEWER))
                                .get(
                                        "/api/v1/runs/"
                                                + recordedRun("other")
                                                + "/diagnosis?stage=none")
                                .statusCode())
                .isEqualTo(404);
    }

    private static Map<String, Double> slowLoader(long residentBytes) {
        return Map.of(
                "seconds.data",
                0.38,
                "seconds.forward",
                0.6,
                "residentBytes",
                (double) residentBytes);
    }

    private void machine(String workerId, long memoryBytes) {
        Instant now = Instant.now();
        registry.workers()
                .announce(
                        new Worker(
                                workerId,
                                "node",
                                1,
                                "tanren",
                                8,
                                memoryBytes,
                                0,
                                "1",
                                "",
                                now,
                                now));
    }

    private long newestToken(String id) {
        return registry.attempts().list(id).getLast().fencingToken();
    }

    private static org.hamcrest.Matcher<Float> closeTo(float value) {
        return new org.hamcrest.CustomTypeSafeMatcher<>("close to " + value) {
            @Override
            protected boolean matchesSafely(Float found) {
                return Math.abs(found - value) < 1e-4;
            }
        };
    }

    private void steps(String id, int attempt, Map<String, Double> seconds, long from, long to) {
        machine("w", 0);
        projector().become(id, "adapt", StageState.RUNNING);
        Attempt begun =
                StartedAttempt.begin(
                        registry, id, "adapt", "short", "w", 2, from - 1, "r" + attempt);
        registry.events()
                .append(
                        id,
                        "attempt.started",
                        "adapt",
                        "starts",
                        Map.of("attempt", begun.attempt()),
                        null);
        List<StepRow> rows = new ArrayList<>();
        for (long step = from; step <= to; step++) {
            for (int rank = 0; rank < 2; rank++) {
                Map<String, Double> values = new java.util.HashMap<>(seconds);
                values.put("seconds.total", 1.0);
                values.put("loss", 2.0);
                rows.add(
                        new StepRow(
                                step,
                                rank,
                                begun.attempt(),
                                "short",
                                false,
                                "hash",
                                values,
                                Instant.now()));
            }
        }
        registry.metrics().record(id, "adapt", begun.fencingToken(), rows);
    }
}
