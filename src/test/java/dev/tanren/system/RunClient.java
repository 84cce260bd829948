package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.awaitility.core.ConditionTimeoutException;

/// What the system tests do with runs, over the REST API as a script would.
record RunClient(EmbeddedStack stack) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> FINAL = Set.of("succeeded", "failed", "cancelled");
    private static final Duration POLL = Duration.ofMillis(200);

    String submit(String plan) throws IOException {
        return stack.api()
                .contentType("application/yaml")
                .body(plan)
                .post("runs")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    JsonNode get(String path) {
        try {
            return JSON.readTree(stack.api().get(path).then().statusCode(200).extract().asString());
        } catch (IOException e) {
            throw new AssertionError("no answer from " + path, e);
        }
    }

    JsonNode run(String id) {
        return get("runs/" + id);
    }

    String status(String id) {
        return run(id).path("run").path("status").asText();
    }

    long step(String id, String stage) {
        for (JsonNode entry : run(id).path("stages")) {
            if (entry.path("id").asText().equals(stage)) {
                return entry.path("step").asLong();
            }
        }
        return 0;
    }

    /// Asks again, as the answer says, where the machine was too busy to take it in time.
    void act(String id, String action) {
        await().alias(action + " of run " + id + " is taken")
                .atMost(Duration.ofMinutes(2))
                .pollInSameThread()
                .pollInterval(Duration.ofSeconds(2))
                .pollDelay(Duration.ZERO)
                .until(() -> ask(id, action), status -> status == 202);
    }

    private int ask(String id, String action) throws IOException {
        return stack.api()
                .contentType("application/json")
                .body("{}")
                .post("runs/" + id + "/" + action)
                .then()
                .statusCode(anyOf(is(202), is(503)))
                .extract()
                .statusCode();
    }

    void awaitStep(String id, String stage, long step, Duration limit) {
        awaitThat(
                "step " + step + " of " + stage,
                limit,
                () -> step(id, stage) >= step || FINAL.contains(status(id)));
    }

    void awaitStatus(String id, String status, Duration limit) {
        awaitThat(
                "run " + id + " is " + status,
                limit,
                () -> status(id).equals(status) || FINAL.contains(status(id)));
        assertThat(status(id)).as("%s", run(id).toPrettyString()).isEqualTo(status);
    }

    /// Where it does not come about in time, the error tells what the stack says of it.
    void awaitThat(String what, Duration limit, Callable<Boolean> condition) {
        try {
            await(what).atMost(limit).pollInterval(POLL).ignoreExceptions().until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + new Story(stack).tell(), e);
        }
    }

    void awaitSuccess(String id, Duration limit) {
        awaitStatus(id, "succeeded", limit);
    }

    /// Hash over all weights and optimizer state of a stage's newest checkpoint, which is that of
    /// the last step where the stage is finished.
    String finalHash(String id, String stage) {
        for (JsonNode entry : run(id).path("stages")) {
            if (entry.path("id").asText().equals(stage)) {
                JsonNode checkpoint = entry.path("latestCheckpoint");
                assertThat(checkpoint.isObject()).as("a checkpoint in %s", entry).isTrue();
                return checkpoint.path("weightsSha256").asText();
            }
        }
        throw new AssertionError("run " + id + " has no stage " + stage);
    }

    /// Between two phases there are none for a moment.
    List<Long> awaitRanks(long worker, Duration limit) {
        List<Long> ranks = new ArrayList<>();
        awaitThat(
                "ranks of worker " + worker,
                limit,
                () -> {
                    ranks.addAll(ranksOf(worker));
                    return !ranks.isEmpty();
                });
        return ranks;
    }

    /// Process ids of the rank processes that a worker's process has launched.
    static List<Long> ranksOf(long worker) {
        return ProcessHandle.of(worker).stream()
                .flatMap(ProcessHandle::descendants)
                .filter(
                        process ->
                                process.info()
                                        .commandLine()
                                        .orElse("")
                                        .contains("dev.tanren.trainer.rank.RankMain"))
                .map(ProcessHandle::pid)
                .toList();
    }
}
