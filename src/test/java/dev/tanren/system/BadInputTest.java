package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Whatever is wrong is named, with the way to mend it, and loses nothing.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {

    private EmbeddedStack stack;
    private RunClient runs;

    @BeforeAll
    void startsTheStack() throws Exception {
        stack = EmbeddedStack.startInForeground();
        runs = new RunClient(stack);
    }

    @AfterAll
    void controlCStopsEveryPart() throws Exception {
        if (stack == null) {
            return;
        }
        try (EmbeddedStack running = stack) {
            List<Long> parts = running.processIds();

            assertThat(running.pressControlC()).endsWith("The stack has been stopped.\n");

            assertThat(parts).hasSize(6).allMatch(part -> ProcessHandle.of(part).isEmpty());
        }
    }

    @Test
    void aPlanWithThreeMistakesNamesAllThree() throws Exception {
        String plan =
                SmallPlans.curriculum("three-mistakes", 2)
                        .replace("weightDecay", "weightDecoy")
                        .replace("tokens: 60Ki, mix: {code:", "tokens: lots, mix: {code:")
                        .replace("datasets: [code, prose]", "datasets: [code, poetry]");

        stack.api()
                .contentType("application/yaml")
                .body(plan)
                .post("plans/validate")
                .then()
                .statusCode(200)
                .body("valid", equalTo(false))
                .body("problems", hasSize(3))
                .body("problems.nearest", hasItem("weightDecay"));
    }

    @Test
    void aWrongTokenIsRefusedAndSaysHowToGetARightOne() {
        io.restassured.RestAssured.given()
                .baseUri(stack.address())
                .header("Authorization", "Bearer tnr_0000")
                .get("/api/v1/runs")
                .then()
                .statusCode(401)
                .contentType(containsString("application/problem+json"))
                .body("code", equalTo("TNR-6002"));
    }

    @Test
    void aMissingFolderFailsTheRunAndNamesIt() throws Exception {
        String plan =
                SmallPlans.curriculum("missing-folder", 1)
                        .replace("/plan/src/main/java", "/plan/src/main/java/no-such-folder");
        String id = runs.submit(plan);

        runs.awaitStatus(id, "failed", Duration.ofMinutes(1));

        assertThat(runs.run(id).path("failure").path("code").asText()).isEqualTo("TNR-2001");
        assertThat(runs.run(id).path("failure").path("where").asText()).contains("no-such-folder");
        assertThat(runs.run(id).path("failure").path("mend").asText()).isNotBlank();
    }

    @Test
    void theStacksOwnSecretsAreNeverTrainedOn() throws Exception {
        String id =
                runs.submit(
                        SmallPlans.curriculum("secrets", 1)
                                .replaceFirst(
                                        "file:[^\"]*/docs\", include: \"\\*\\*/\\*.md\"",
                                        "file:" + stack.home() + "/secrets.json\""));

        runs.awaitStatus(id, "failed", Duration.ofMinutes(1));

        assertThat(runs.run(id).path("failure").path("code").asText()).isEqualTo("TNR-2002");
        assertThat(runs.run(id).path("failure").path("what").asText())
                .contains("lies outside the folders that this worker may read");
    }

    @Test
    void aTokenizerLargerThanTheModelFailsTheRun() throws Exception {
        String id =
                runs.submit(
                        SmallPlans.curriculum("small-vocabulary", 1)
                                .replace("vocabSize: 4096", "vocabSize: 512"));

        runs.awaitStatus(id, "failed", Duration.ofMinutes(1));

        assertThat(runs.run(id).path("failure").path("code").asText()).isEqualTo("TNR-2005");
    }

    @Test
    void aBaseModelThatBreaksOffFailsTheRunAndLeavesNothing() throws Exception {
        Path broken = brokenModel();
        String plan =
                SmallPlans.curriculum("broken-base", 1)
                        .replaceFirst(
                                "(?s)  architecture:.*?/tokenizer.json\"",
                                "  base: \"file:" + broken + "\"")
                        .replace("type: pretrain", "type: cpt");
        String id = runs.submit(plan);

        runs.awaitStatus(id, "failed", Duration.ofMinutes(1));

        assertThat(runs.run(id).path("failure").path("code").asText()).isEqualTo("TNR-3004");
        assertThat(runs.run(id).path("failure").path("where").asText())
                .contains(broken + "/model.safetensors", "tensor `");
        try (var files = Files.walk(stack.home().resolve("objects"))) {
            assertThat(files).noneMatch(file -> file.endsWith("model.safetensors"));
        }
    }

    @Test
    void aTakenPortIsNamedWithTheWayToChooseAnother() throws Exception {
        Path home = Files.createTempDirectory("tnr");
        try (ServerSocket taken = new ServerSocket(0)) {
            EmbeddedStack.Result result =
                    EmbeddedStack.tanrenIn(
                            home,
                            Duration.ofMinutes(1),
                            "up",
                            "--detach",
                            "--port",
                            Integer.toString(taken.getLocalPort()));

            assertThat(result.exitCode()).isNotZero();
            assertThat(result.standardError())
                    .contains("TNR-7001", Integer.toString(taken.getLocalPort()), "--port");
        }
    }

    /// A model of the trainer's tests without its last byte.
    private Path brokenModel() throws Exception {
        Path sound =
                EmbeddedStack.root()
                        .resolve("model-runtime/trainer/src/test/resources/families/qwen2");
        Path broken = Files.createDirectories(stack.home().resolve("data/broken-model"));
        Files.copy(sound.resolve("config.json"), broken.resolve("config.json"));
        byte[] weights = Files.readAllBytes(sound.resolve("model.safetensors"));
        Files.write(
                broken.resolve("model.safetensors"), Arrays.copyOf(weights, weights.length - 1));
        return broken;
    }
}
