package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.TanrenException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What must hold after every experiment: the same figures, the same bits, no process left, and
/// checkpoints that are whole.
final class Aftermath {

    private static final Duration END_OF_RANKS = Duration.ofSeconds(10);

    /// What is left behind is collected after the stage's end.
    private static final Duration COLLECTED = Duration.ofSeconds(10);

    private static final List<String> FIGURES =
            List.of("loss", "learningRate", "gradientNorm", "tokens");

    private final Laboratory laboratory;
    private final Findings findings;

    Aftermath(Laboratory laboratory, Findings findings) {
        this.laboratory = laboratory;
        this.findings = findings;
    }

    /// Waits for the end of a run of the usual plan and compares it with the undisturbed one.
    RunView of(String id, int steps) throws InterruptedException {
        return of(id, laboratory.undisturbed(steps), steps);
    }

    /// @param twin of the same plan, which nothing happened to
    RunView of(String id, String twin, int steps) throws InterruptedException {
        RunView ended = laboratory.awaitEnd(id);
        findings.check(
                "the run ends as succeeded", ended.status().equals("succeeded"), status(ended));
        String expected = laboratory.run(twin).stateHash(ChaosPlan.STAGE);
        String actual = ended.stateHash(ChaosPlan.STAGE);
        findings.check(
                "weights and optimizer state are those of the undisturbed run",
                !expected.isEmpty() && expected.equals(actual),
                actual.equals(expected) ? "SHA-256 " + actual : actual + " is not " + expected);
        figures(id, twin, steps);
        findings.check(
                "no rank is alive " + END_OF_RANKS.toSeconds() + " s after",
                laboratory.comesAbout(END_OF_RANKS, () -> laboratory.ranks().isEmpty()),
                laboratory.ranks().size() + " ranks");
        checkpoints(id);
        return ended;
    }

    private static String status(RunView ended) {
        JsonNode failure = ended.tree().path("failure");
        return ended.status()
                + (failure.isObject()
                        ? ", " + failure.path("code").asText() + " " + failure.path("what").asText()
                        : "")
                + " after "
                + ended.attempts().size()
                + " attempts";
    }

    private void figures(String id, String twin, int steps) {
        JsonNode own = metrics(id);
        JsonNode undisturbed = metrics(twin);
        List<String> different = new ArrayList<>();
        for (String figure : FIGURES) {
            JsonNode expected = undisturbed.path("series").path(figure);
            if (expected.size() != steps || !expected.equals(own.path("series").path(figure))) {
                different.add(figure);
            }
        }
        findings.check(
                "each of " + steps + " steps has the figures of the undisturbed run, once",
                different.isEmpty() && own.path("steps").equals(undisturbed.path("steps")),
                different.isEmpty() ? FIGURES + " are equal" : different + " differ");
    }

    private JsonNode metrics(String id) {
        return laboratory
                .api()
                .get("/runs/" + id + "/metrics?points=100000&stage=" + ChaosPlan.STAGE);
    }

    private void checkpoints(String id) throws InterruptedException {
        List<String> broken = new ArrayList<>();
        Set<Long> steps = new HashSet<>();
        JsonNode items = laboratory.api().get("/runs/" + id + "/checkpoints").path("items");
        for (JsonNode checkpoint : items) {
            long step = checkpoint.path("step").asLong();
            if (!steps.add(step)) {
                broken.add("step " + step + " is there twice");
            }
            try {
                laboratory
                        .api()
                        .postAndWait(
                                "/runs/%s/checkpoints/%s/%d/verify"
                                        .formatted(id, ChaosPlan.STAGE, step));
            } catch (TanrenException damaged) {
                broken.add("step " + step + ": " + damaged.getMessage());
            }
        }
        findings.check(
                "every committed checkpoint verifies, one for each step",
                broken.isEmpty() && !steps.isEmpty(),
                broken.isEmpty() ? steps.size() + " checkpoints" : broken);
        StoredCheckpoints stored = new StoredCheckpoints(laboratory, id);
        findings.check(
                "the store has these whole, one attempt's each, and no part of another",
                laboratory.comesAbout(COLLECTED, () -> stored.unexpected().isEmpty()),
                stored.unexpected());
    }
}
