package dev.tanren.controlplane.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.spec.run.StageState;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.StartedAttempt;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@QuarkusTest
@Timeout(60)
class EventsApiTest extends ApiTest {

    @Test
    void aStreamReplaysFromTheLastIdGoesOnLiveAndSaysThatItLives() throws Exception {
        String id = recordedRun("streamed");
        for (int i = 1; i <= 3; i++) {
            registry.events().append(id, "note", null, "number " + i, Map.of("n", i), "k" + i);
        }
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines = open(client, id, "1")) {
            List<String> seen = until(lines, line -> line.contains("number 3"));
            assertThat(seen).noneMatch(line -> line.contains("number 1"));
            assertThat(seen).anyMatch(line -> line.contains("\"message\":\"number 2\""));
            assertThat(seen.stream().map(line -> line.replace(" ", "")))
                    .contains("id:2", "event:event");

            registry.events().append(id, "note", null, "live", Map.of(), null);
            until(lines, line -> line.contains("live"));
            assertThat(until(lines, line -> line.startsWith(":") && line.contains("alive")))
                    .isNotEmpty();
        }
    }

    @Test
    void theStepsOfAStageAreSentAsTheyFinish() throws Exception {
        String id = recordedRun("stepping");
        var attempt = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 0, "r");
        projector().become(id, "adapt", StageState.RUNNING);
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines = open(client, id, null)) {
            until(lines, line -> line.startsWith(":"));
            for (long step = 1; step <= 2; step++) {
                registry.metrics()
                        .record(
                                id,
                                "adapt",
                                attempt.fencingToken(),
                                List.of(
                                        new StepRow(
                                                step,
                                                0,
                                                1,
                                                "short",
                                                false,
                                                "h",
                                                Map.of("loss", 4.5 / step),
                                                Instant.now())));
                String loss = "\"loss\":" + 4.5 / step;
                List<String> seen = until(lines, line -> line.contains(loss));
                assertThat(seen.stream().map(line -> line.replace(" ", "")))
                        .contains("event:metrics");
            }
        }
    }

    @Test
    void everyStepIsSentHoweverManyFinishAtOnce() throws Exception {
        String id = recordedRun("fast");
        var attempt = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 0, "r");
        projector().become(id, "adapt", StageState.RUNNING);
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines = open(client, id, null)) {
            until(lines, line -> line.startsWith(":"));
            List<StepRow> steps = new ArrayList<>();
            for (long step = 1; step <= 650; step++) {
                steps.add(
                        new StepRow(
                                step,
                                0,
                                1,
                                "short",
                                false,
                                "h",
                                Map.of("loss", step == 650 ? 0.0 : 4.5),
                                Instant.now()));
            }
            registry.metrics().record(id, "adapt", attempt.fencingToken(), steps);
            List<String> seen = until(lines, line -> line.contains("\"loss\":0.0"));
            assertThat(seen.stream().filter(line -> line.contains("\"loss\":"))).hasSize(650);
        }
    }

    private BufferedReader open(HttpClient client, String id, @Nullable String lastId)
            throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://localhost:"
                                                + RestAssured.port
                                                + "/api/v1/runs/"
                                                + id
                                                + "/events"))
                        .timeout(Duration.ofSeconds(30))
                        .header("Authorization", "Bearer " + token(Role.VIEWER))
                        .header("Accept", "text/event-stream");
        if (lastId != null) {
            request.header("Last-Event-ID", lastId);
        }
        HttpResponse<InputStream> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    }

    private static List<String> until(BufferedReader lines, Predicate<String> last)
            throws Exception {
        List<String> seen = new ArrayList<>();
        String line = lines.readLine();
        while (line != null) {
            seen.add(line);
            if (last.test(line)) {
                return seen;
            }
            line = lines.readLine();
        }
        throw new AssertionError("the stream ended after " + seen);
    }
}
