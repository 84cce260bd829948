package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What a run publishes, measured again in the second runtime.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PublishedRunTest {

    private static final Duration LIMIT = Duration.ofMinutes(4);

    private EmbeddedStack stack;
    private RunClient runs;

    @BeforeAll
    void startsTheStack() throws Exception {
        stack = EmbeddedStack.start();
        runs = new RunClient(stack);
    }

    @AfterAll
    void stopsWhatItStarted() throws Exception {
        if (stack != null) {
            stack.close();
        }
    }

    /// Its own figures are of products of bfloat16, the second runtime's are not.
    @Test
    void aRunInBfloat16PassesItsGate() throws Exception {
        String id =
                runs.submit(
                        twentyStepsAPhase(SmallPlans.curriculumWithGate("bfloat16", 2))
                                .replace(
                                        "globalBatchTokens",
                                        "precision: bf16\n    globalBatchTokens"));

        runs.awaitSuccess(id, LIMIT);

        JsonNode differences = result(id, "gate").path("differences");
        assertThat(differences.path("code").doubleValue()).isPositive().isLessThan(0x1p-7);
    }

    @Test
    void aRunWhoseLastPhaseIsLeftOutPublishesTheStepThatWasItsLast() throws Exception {
        String id =
                runs.submit(
                        twentyStepsAPhase(SmallPlans.curriculumWithGate("left-out", 2))
                                .replace(
                                        "mix: {code: 0.75, prose: 0.25}}",
                                        "mix: {code: 0.75, prose: 0.25}, enterWhen: {metric:"
                                                + " code.loss, below: 0.001, otherwise: skip}}"));

        runs.awaitSuccess(id, LIMIT);

        assertThat(result(id, "gate").path("step").longValue()).isEqualTo(20);
        assertThat(result(id, "gate").path("differences").path("code").doubleValue())
                .isLessThan(1e-4);
    }

    private static String twentyStepsAPhase(String plan) {
        return plan.replace("tokens: 60Ki", "tokens: 20Ki")
                .replace("evaluation: {everySteps: 30", "evaluation: {everySteps: 10");
    }

    private JsonNode result(String id, String stage) {
        return StreamSupport.stream(runs.run(id).path("stages").spliterator(), false)
                .filter(entry -> entry.path("id").asText().equals(stage))
                .findFirst()
                .orElseThrow()
                .path("result");
    }
}
