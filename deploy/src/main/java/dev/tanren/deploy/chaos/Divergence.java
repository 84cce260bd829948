package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A run whose numbers leave what can be computed with.
final class Divergence {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private static final Pattern NOT_APPLIED = Pattern.compile("step (\\d+) was not applied");

    private Divergence() {}

    /// Every update takes a hundred times of each weight away, so that within some steps no
    /// batch has a finite loss any more. Passes when two are rolled back and left out, the
    /// third waits for a person, and no step from there on is ever saved.
    static void neverFinite(Laboratory laboratory, Findings findings) throws InterruptedException {
        Instant fault = Instant.now();
        String id =
                laboratory.submitText(
                        laboratory
                                .plan("diverging", 80)
                                .replace(
                                        "optimizer: {learningRate: 1e-3}",
                                        "optimizer: {learningRate: 10, weightDecay: 10}\n"
                                                + "    anomalies: {spike: null}"));
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
        Matcher named = NOT_APPLIED.matcher(ended.attempts().getLast().path("reason").asText(""));
        long bad = named.find() ? Long.parseLong(named.group(1)) : 0;
        List<String> saved =
                laboratory
                        .api()
                        .get("/runs/" + id + "/checkpoints")
                        .path("items")
                        .findValuesAsText("step");
        findings.check(
                "no step from there on is saved",
                bad > 0 && saved.stream().allMatch(step -> Long.parseLong(step) < bad),
                saved + " before step " + bad);
        laboratory.cancel(id);
    }
}
