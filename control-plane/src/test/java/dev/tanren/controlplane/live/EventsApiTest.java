package dev.tanren.controlplane.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
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

    @Test
    void theStreamOfARunEndsWithTheRunAfterItsLastEvent() throws Exception {
        String id = recordedRun("ending");
        registry.events().append(id, "note", null, "at work", Map.of(), null);
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines = open(client, id, null)) {
            until(lines, line -> line.contains("at work"));
            registry.events().append(id, "run.succeeded", null, "done", Map.of(), "done");
            projector().become(id, RunState.SUCCEEDED);
            List<String> seen = lines.lines().toList();
            assertThat(seen).anyMatch(line -> line.contains("done"));
            assertThat(seen.stream().map(line -> line.replace(" ", "")))
                    .endsWith("event:end", "data:{\"status\":\"succeeded\"}", "");
        }
    }

    @Test
    void theStreamOfARunThatHasEndedSaysAllAndEndsHoweverOftenItIsAskedFor() throws Exception {
        String id = recordedRun("ended");
        registry.events().append(id, "note", null, "history", Map.of(), null);
        projector().become(id, RunState.CANCELLED);
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<String> seen;
            try (BufferedReader lines = open(client, id, null)) {
                seen = lines.lines().toList();
            }
            assertThat(seen).anyMatch(line -> line.contains("history"));
            assertThat(seen).anyMatch(line -> line.contains("{\"status\":\"cancelled\"}"));
            try (BufferedReader lines = open(client, id, lastId(seen))) {
                List<String> again = lines.lines().toList();
                assertThat(again).noneMatch(line -> line.contains("history"));
                assertThat(again).anyMatch(line -> line.contains("{\"status\":\"cancelled\"}"));
            }
        }
    }

    /// Breaks off after every message and goes on behind it, while one attempt replaces another and
    /// the run goes to its next stage.
    @Test
    void aReaderThatComesBackMissesNoStepAndSeesNoneTwice() throws Exception {
        String id = recordedRun("resumed");
        var first = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 0, "r1");
        projector().become(id, "adapt", StageState.RUNNING);
        steps(id, first, 1, 4);
        List<String> seen = new ArrayList<>();
        String position = "0/adapt/0/0";
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < 4; i++) {
                position = next(client, id, position, seen);
            }
            var second = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 2, "r2");
            steps(id, second, 3, 3);
            var third = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 3, "r3");
            steps(id, third, 4, 5);
            for (int i = 0; i < 3; i++) {
                position = next(client, id, position, seen);
            }
            projector().become(id, RunState.FAILED);
            try (BufferedReader lines = open(client, id, position)) {
                assertThat(lines.lines()).noneMatch(line -> line.contains("\"step\":"));
            }
        }
        assertThat(seen)
                .containsExactly(
                        "1 of 1", "2 of 1", "3 of 1", "4 of 1", "3 of 2", "4 of 3", "5 of 3");
    }

    /// @return the id of the next message with figures
    private String next(HttpClient client, String id, String position, List<String> seen)
            throws Exception {
        try (BufferedReader lines = open(client, id, position)) {
            List<String> message = until(lines, line -> line.contains("\"step\":"));
            var figures = Json.mapper().readTree(message.getLast().substring("data:".length()));
            seen.add(figures.path("step").asInt() + " of " + figures.path("attempt").asInt());
            return lastId(message);
        }
    }

    private static String lastId(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("id:"))
                .reduce((a, b) -> b)
                .orElseThrow()
                .substring("id:".length())
                .strip();
    }

    private void steps(String id, Attempt attempt, long from, long to) {
        List<StepRow> rows = new ArrayList<>();
        for (long step = from; step <= to; step++) {
            rows.add(
                    new StepRow(
                            step,
                            0,
                            attempt.attempt(),
                            "short",
                            false,
                            "h",
                            Map.of("loss", 4.5),
                            Instant.now()));
        }
        registry.metrics().record(id, "adapt", attempt.fencingToken(), rows);
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
