package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.text.Printable;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a person on call is told of a run, in the order in which it is needed: the state, what went
/// wrong, how that is known, what happens by itself, and what a person can do.
final class SituationView {

    private SituationView() {}

    /// @param situation as the API tells it
    /// @param now against which ages are told
    static void print(PrintStream out, JsonNode situation, Instant now) {
        line(
                out,
                "state",
                situation.path("state").asText()
                        + ": "
                        + situation.path("headline").asText()
                        + since(situation.path("since"), now));
        trouble(out, situation.path("trouble"), now);
        String title = "known by";
        for (JsonNode sentence : situation.path("evidence")) {
            line(out, title, sentence.asText());
            title = "";
        }
        if (situation.path("lastStep").isNumber()) {
            line(
                    out,
                    "step",
                    "the last one, %s, was %s ago"
                            .formatted(
                                    situation.path("lastStep").asText(),
                                    Figures.duration(
                                            situation.path("lastStepAgeSeconds").asDouble())));
        }
        line(out, "doing", situation.path("doing").asText());
        options(out, situation.path("options"));
    }

    private static void trouble(PrintStream out, JsonNode trouble, Instant now) {
        if (!trouble.isObject()) {
            return;
        }
        String code = trouble.path("code").asText("");
        line(
                out,
                "trouble",
                (code.isEmpty() ? "" : code + " ")
                        + "("
                        + trouble.path("failureClass").asText().replace('_', ' ')
                        + ") "
                        + trouble.path("what").asText()
                        + since(trouble.path("at"), now));
        if (trouble.path("mend").isTextual()) {
            line(out, "mend", trouble.path("mend").asText());
        }
    }

    private static void options(PrintStream out, JsonNode options) {
        String title = "you can";
        for (JsonNode option : options) {
            line(out, title, option.path("command").asText());
            line(out, "", "  " + option.path("effect").asText());
            title = "";
        }
    }

    private static String since(JsonNode at, Instant now) {
        @Nullable Instant instant = at.isTextual() ? Instant.parse(at.asText()) : null;
        if (instant == null) {
            return "";
        }
        double seconds = Math.max(0, Duration.between(instant, now).toMillis() / 1000.0);
        return " (since "
                + instant.toString().replaceFirst("\\.\\d+Z$", "Z")
                + ", "
                + Figures.duration(seconds)
                + ")";
    }

    private static void line(PrintStream out, String title, String text) {
        out.printf("%-9s%s%n", title, Printable.lines(text));
    }
}
