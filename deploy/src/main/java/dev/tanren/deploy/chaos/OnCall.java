package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;

/// Looks where a person on call looks, notes what it says, and checks it.
final class OnCall {

    /// Past the silence after which a worker counts as gone, and the longest limit of a hang.
    private static final Duration TOLD = Duration.ofSeconds(75);

    private static final Duration ENDED = Duration.ofSeconds(60);

    private static final String REFUSED = "refused";

    private final Laboratory laboratory;
    private final Findings findings;

    OnCall(Laboratory laboratory, Findings findings) {
        this.laboratory = laboratory;
        this.findings = findings;
    }

    /// Waits until a fault is told of, and checks what is.
    ///
    /// @param when what is going on, for the report
    /// @param fault when it was injected
    /// @param before the step that was seen before it
    void expect(String when, String run, Instant fault, long before, Telling telling)
            throws InterruptedException {
        laboratory.comesAbout(
                TOLD, () -> telling.known(laboratory.run(run).tree().path("situation"), fault));
        JsonNode told = situation(when, "run get", "/runs/" + run);
        telling.check(when, told, fault, before, findings);
        places(when, run, telling);
        ErrorCode code = telling.code();
        if (code != null && telling.ended()) {
            telling.told(
                    findings,
                    when,
                    "class and code of the attempt",
                    laboratory.comesAbout(ENDED, () -> attemptSays(laboratory.run(run), telling)),
                    code.code());
        }
    }

    /// Keeps a part of the stack away until what is told of it is checked.
    ///
    /// @param part its name in `./tanren status`
    void expectWhileAway(String part, String run, long before, Telling telling)
            throws InterruptedException {
        Instant fault = Instant.now();
        try (Repeated _ = Outage.begin(laboratory, part)) {
            expect("while it is away", run, fault, before, telling);
        }
    }

    /// Submits a plan whose run is to fail for what it names, and checks what is told of that.
    ///
    /// @param what the plan names, for the report
    /// @param words that must be among the evidence
    void expectRefusedRun(String what, String plan, ErrorCode code, String... words)
            throws InterruptedException {
        Instant fault = Instant.now();
        String run = laboratory.submitText(plan);
        String ended = laboratory.awaitEnd(run).status();
        findings.check(what + " fails the run", ended.equals("failed"), ended);
        expect(what, run, fault, Telling.NO_STEP, Telling.ofRefusal(code, words));
    }

    /// Whether state, code and evidence in `run diagnose` and the recovery are those that `run get`
    /// must say. Where what they must read is away, that is said instead, with since when and what
    /// becomes of the run.
    private void places(String when, String run, Telling telling) {
        for (String place : List.of("diagnosis", "recovery")) {
            JsonNode told = situation(when, place, "/runs/" + run + "/" + place);
            String refused = told.path(REFUSED).asText("");
            boolean away =
                    telling.code() == null
                            && Telling.holdsAll(refused, List.of("since 20", "meanwhile"));
            telling.told(
                    findings,
                    when,
                    "the same in " + place,
                    away || telling.isSaidBy(told),
                    told.path("state").asText(refused));
        }
    }

    private JsonNode situation(String when, String where, String path) {
        try {
            JsonNode situation = laboratory.api().get(path).path("situation");
            findings.told(when, where, words(situation));
            return situation;
        } catch (TanrenException e) {
            findings.told(when, where, e.code().code() + " " + e.getMessage());
            return Json.mapper().createObjectNode().put(REFUSED, e.what() + "; " + e.mend());
        }
    }

    private static String words(JsonNode situation) {
        JsonNode trouble = situation.path("trouble");
        return "%s: %s; %s %s; %s; doing: %s"
                .formatted(
                        situation.path("state").asText(),
                        situation.path("headline").asText(),
                        trouble.path("code").asText("no trouble"),
                        trouble.path("what").asText(""),
                        situation.path("evidence"),
                        situation.path("doing").asText());
    }

    private static boolean attemptSays(RunView run, Telling telling) {
        ErrorCode code = telling.code();
        return code != null
                && run.attempts().stream()
                        .anyMatch(
                                attempt ->
                                        attempt.path("code").asText().equals(code.code())
                                                && telling.kind()
                                                        .holds(
                                                                attempt.path("failureClass")
                                                                        .asText()));
    }

    /// Checks what a call is refused with.
    ///
    /// @param words that must be among what was found, where, and how to mend it
    void expectRefused(
            FaultClass kind, String when, ErrorCode code, Supplier<?> call, String... words) {
        try {
            var _ = call.get();
            findings.told(kind, when + ", that it is refused", false, "it was taken");
        } catch (TanrenException refused) {
            findings.told(when, "the answer", refused.code().code() + " " + refused.getMessage());
            findings.told(
                    kind,
                    when + ", class and code",
                    refused.code() == code && kind.holds(refused.code().failureClass().name()),
                    refused.code().code());
            String all = refused.what() + " | " + refused.where() + " | " + refused.mend();
            findings.told(
                    kind,
                    when + ", what was found and where",
                    Telling.holdsAll(all, List.of(words)) && !refused.where().isBlank(),
                    refused.what().lines().findFirst().orElse("") + " [" + refused.where() + "]");
            findings.told(
                    kind, when + ", how to mend it", !refused.mend().isBlank(), refused.mend());
        }
    }

    /// Waits until reading a run is refused with a code.
    boolean comesToBeRefused(String run, ErrorCode code, Duration limit)
            throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() < end) {
            try {
                laboratory.run(run);
            } catch (TanrenException refused) {
                if (refused.code() == code && refused.what().contains("since")) {
                    return true;
                }
            }
            Thread.sleep(100);
        }
        return false;
    }
}
