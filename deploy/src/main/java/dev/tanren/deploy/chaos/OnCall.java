package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.spec.error.TanrenException;
import java.util.ArrayList;
import java.util.List;

/// Looks where a person on call looks, and notes what it says.
final class OnCall {

    private final Laboratory laboratory;
    private final Findings findings;

    OnCall(Laboratory laboratory, Findings findings) {
        this.laboratory = laboratory;
        this.findings = findings;
    }

    /// @param when what is going on, for the report
    void look(String when, String run) {
        note(when, "run get", () -> ofRun(laboratory.run(run)));
        note(
                when,
                "run diagnose",
                () -> sentences(laboratory.api().get("/runs/" + run + "/diagnosis")));
        note(
                when,
                "recovery",
                () -> laboratory.api().get("/runs/" + run + "/recovery").path("summary").asText());
    }

    private interface Words {
        String words();
    }

    private void note(String when, String where, Words words) {
        try {
            findings.told(when, where, words.words());
        } catch (TanrenException e) {
            findings.told(when, where, e.code().code() + " " + e.getMessage());
        }
    }

    private static String ofRun(RunView view) {
        List<String> words = new ArrayList<>();
        words.add(view.status() + " at step " + view.step());
        JsonNode failure = view.tree().path("failure");
        if (failure.isObject()) {
            words.add(sentences(failure));
        }
        for (JsonNode attempt : view.attempts()) {
            words.add(
                    "attempt %s %s %s %s"
                            .formatted(
                                    attempt.path("attempt").asText(),
                                    attempt.path("status").asText(),
                                    attempt.path("failureClass").asText(""),
                                    attempt.path("reason").asText("")));
        }
        return String.join("; ", words);
    }

    /// The texts in an answer, however deep, without keys, hashes and instants.
    private static String sentences(JsonNode tree) {
        List<String> found = new ArrayList<>();
        collect(tree, found);
        return String.join(" | ", found);
    }

    private static void collect(JsonNode tree, List<String> found) {
        if (tree.isTextual() && tree.asText().contains(" ")) {
            found.add(tree.asText());
        }
        tree.forEach(child -> collect(child, found));
    }
}
