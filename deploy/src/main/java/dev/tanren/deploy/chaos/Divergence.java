package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.spec.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A run whose numbers leave what can be computed with.
final class Divergence {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private Divergence() {}

    /// The first update throws the weights beyond all bounds, so that every batch after it
    /// is as good as poisoned. Passes when two are rolled back and left out, the third waits
    /// for a person, and no step that is not finite is ever saved.
    static void neverFinite(Laboratory laboratory, Findings findings) throws InterruptedException {
        Instant fault = Instant.now();
        String id =
                laboratory.submitText(
                        laboratory
                                .plan("diverging", 80)
                                .replace("learningRate: 1e-3", "learningRate: 1e30"));
        RunView ended =
                laboratory.await(
                        "the pause of " + id,
                        LIMIT,
                        () ->
                                Optional.of(laboratory.run(id))
                                        .filter(
                                                run ->
                                                        run.finished()
                                                                || run.status().equals("paused")));
        findings.check("it waits for a person", ended.status().equals("paused"), ended.status());
        List<String> codes =
                ended.attempts().stream().map(it -> it.path("code").asText("none")).toList();
        findings.check(
                "two batches are rolled back and left out before",
                codes.equals(
                        List.of(
                                ErrorCode.TRAINING_ROLLED_BACK.code(),
                                ErrorCode.TRAINING_ROLLED_BACK.code(),
                                ErrorCode.TRAINING_NEEDS_PERSON.code())),
                codes);
        new OnCall(laboratory, findings)
                .expect("after the pause", id, fault, 1, Telling.ofPause("not applied", "samples"));
        JsonNode saved = laboratory.api().get("/runs/" + id + "/checkpoints").path("items");
        findings.check(
                "no step is saved but what was finite",
                saved.findValuesAsText("step").stream().allMatch("1"::equals),
                saved.findValuesAsText("step"));
        laboratory.cancel(id);
    }
}
