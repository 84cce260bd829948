package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a person on call must be told of one fault.
///
/// @param kind under which it is counted
/// @param states in one of which the run is meanwhile
/// @param code of what the run is in trouble with; null where it goes on untroubled
/// @param evidence words that must be among what is told, in whatever case
/// @param doing words that must be in what happens by itself
/// @param ended whether an attempt has ended with the code
record Telling(
        FaultClass kind,
        Set<String> states,
        @Nullable ErrorCode code,
        List<String> evidence,
        List<String> doing,
        boolean ended) {

    /// Of a run that nothing was computed of.
    static final long NO_STEP = -1;

    /// Of a run that comes back by itself.
    private static final Set<String> COMING_BACK =
            Set.of("recovering", "starting", "waiting", "training");

    /// Of a run whose ranks work, or wait at their next save.
    private static final Set<String> AT_WORK = Set.of("training", "waiting", "stalled");

    private static final Pattern STEPS = Pattern.compile("\\b(\\d{1,9}) steps?\\b");

    /// A worker that is gone was last heard of before it went.
    private static final Duration HEARD_BEFORE = Duration.ofSeconds(15);

    private static final Duration CLOCKS = Duration.ofSeconds(2);

    /// An attempt ends, and another goes on.
    static Telling ofAttempt(FaultClass kind, ErrorCode code, String... evidence) {
        return new Telling(kind, COMING_BACK, code, List.of(evidence), List.of("go", "on"), true);
    }

    /// A checkpoint that is needed does not verify, and an older one is used.
    static Telling ofDamage(String... evidence) {
        return new Telling(
                FaultClass.STORAGE,
                COMING_BACK,
                ErrorCode.OBJECT_CORRUPT,
                List.of(evidence),
                List.of("go", "on"),
                false);
    }

    /// A part of the platform does not answer, and ranks work on.
    ///
    /// @param doing what becomes of the run meanwhile
    static Telling ofPart(FaultClass kind, String part, String... doing) {
        return new Telling(
                kind,
                AT_WORK,
                null,
                List.of(part + " does not answer since"),
                List.of(doing),
                false);
    }

    /// The ranks wait for the object store to take a checkpoint.
    static Telling ofAwaitedSave(long step) {
        return new Telling(
                FaultClass.STORAGE,
                Set.of("waiting"),
                null,
                List.of("has not taken the checkpoint of step " + step),
                List.of("wait for up to two minutes", "tried again"),
                false);
    }

    /// It waits for a person to look at what it came to.
    static Telling ofPause(String... evidence) {
        return new Telling(
                FaultClass.DIVERGED,
                Set.of("paused"),
                ErrorCode.TRAINING_NEEDS_PERSON,
                List.of(evidence),
                List.of("nothing by itself", "waits for a person"),
                true);
    }

    /// What a run was to be made from cannot be used, which was found before its first step.
    static Telling ofRefusal(ErrorCode code, String... evidence) {
        return ofFailedRun(FaultClass.DATA, code, false, evidence);
    }

    /// There is no room where something must be written.
    static Telling ofFullDisk(ErrorCode code, String... evidence) {
        return ofFailedRun(FaultClass.STORAGE, code, true, evidence);
    }

    /// A rank got no memory any more.
    static Telling ofShortage() {
        return ofFailedRun(
                FaultClass.OUT_OF_MEMORY, ErrorCode.RANK_OUT_OF_MEMORY, true, "rank 1", "memory");
    }

    /// Ranks that would take more than their worker has, which was found before their first step.
    static Telling ofTooLargeAPlan() {
        return ofFailedRun(
                FaultClass.OUT_OF_MEMORY,
                ErrorCode.RANK_MEMORY_LIMIT,
                true,
                "rank",
                "its limit is",
                "MiB");
    }

    /// Nothing goes on until a person does something.
    private static Telling ofFailedRun(
            FaultClass kind, ErrorCode code, boolean ended, String... evidence) {
        return new Telling(
                kind,
                Set.of("failed"),
                code,
                List.of(evidence),
                List.of("nothing by itself", "a person decides"),
                ended);
    }

    /// Whether it is told at all, of a fault that was injected at a time.
    boolean known(JsonNode situation, Instant fault) {
        return code == null
                ? holdsAll(evidenceOf(situation), evidence)
                : ofCode(situation.path("trouble")) && dated(situation, fault);
    }

    /// Whether state, code and evidence are those of this fault, wherever they are read.
    boolean isSaidBy(JsonNode situation) {
        return states.contains(situation.path("state").asText())
                && (code == null || ofCode(situation.path("trouble")))
                && holdsAll(evidenceOf(situation), evidence);
    }

    private boolean ofCode(JsonNode trouble) {
        return code != null && trouble.path("code").asText().equals(code.code());
    }

    /// Checks each thing that is to be told.
    ///
    /// @param before the step that was seen before the fault, or [#NO_STEP]
    void check(String when, JsonNode situation, Instant fault, long before, Findings findings) {
        JsonNode trouble = situation.path("trouble");
        String state = situation.path("state").asText();
        String headline = situation.path("headline").asText();
        told(
                findings,
                when,
                "the state",
                states.contains(state) && !headline.isBlank(),
                state + ": " + headline);
        if (code != null) {
            String found = trouble.path("failureClass").asText();
            told(
                    findings,
                    when,
                    "class and code",
                    kind.holds(found) && ofCode(trouble),
                    found + " " + trouble.path("code").asText("without a code"));
        }
        String known = evidenceOf(situation);
        told(
                findings,
                when,
                "evidence",
                holdsAll(known, evidence),
                holdsAll(known, evidence) ? evidence : known + " lacks one of " + evidence);
        told(findings, when, "since when", dated(situation, fault), instants(situation));
        told(
                findings,
                when,
                "the last step and its age",
                aged(situation, fault, before),
                "step %s, %s s"
                        .formatted(
                                situation.path("lastStep").asText("none"),
                                situation.path("lastStepAgeSeconds").asText("none")));
        String itself = situation.path("doing").asText();
        told(findings, when, "what is done by itself", holdsAll(itself, doing), itself);
        told(
                findings,
                when,
                "what a person can do, and its cost",
                choices(situation.path("options")),
                situation.path("options").findValuesAsText("command"));
    }

    void told(Findings findings, String when, String what, boolean holds, Object seen) {
        findings.told(kind, when + ", " + what, holds, seen);
    }

    static boolean holdsAll(String text, List<String> words) {
        String lower = text.toLowerCase(Locale.ROOT);
        return words.stream().allMatch(word -> lower.contains(word.toLowerCase(Locale.ROOT)));
    }

    private static String evidenceOf(JsonNode situation) {
        List<String> sentences = new ArrayList<>();
        sentences.add(situation.path("trouble").path("what").asText(""));
        situation.path("evidence").forEach(sentence -> sentences.add(sentence.asText()));
        return String.join(" | ", sentences);
    }

    /// Whether an instant that belongs to the fault is told, and none is of the future.
    private boolean dated(JsonNode situation, Instant fault) {
        Duration slack = kind == FaultClass.PREEMPTED ? HEARD_BEFORE : CLOCKS;
        Instant latest = Instant.now().plus(CLOCKS);
        List<Instant> told = instants(situation);
        return told.stream().anyMatch(at -> !at.isBefore(fault.minus(slack)))
                && told.stream().noneMatch(at -> at.isAfter(latest));
    }

    private List<Instant> instants(JsonNode situation) {
        List<Instant> found = new ArrayList<>();
        String at = situation.path("trouble").path("at").asText("");
        if (!at.isEmpty()) {
            found.add(Instant.parse(at));
        }
        if (code == null) {
            for (String word : evidenceOf(situation).split("[ ,|()]+", -1)) {
                if (word.matches("\\d{4}-\\d\\d-\\d\\dT.*Z")) {
                    found.add(Instant.parse(word));
                }
            }
            String since = situation.path("since").asText("");
            if (found.isEmpty() && !since.isEmpty()) {
                found.add(Instant.parse(since));
            }
        }
        return found;
    }

    /// Whether it is the step that was seen before, or a later one, or one that was computed again
    /// since; with an age that fits.
    private static boolean aged(JsonNode situation, Instant fault, long before) {
        JsonNode age = situation.path("lastStepAgeSeconds");
        if (before == NO_STEP) {
            return !age.isNumber() && !situation.path("lastStep").isNumber();
        }
        String told = situation.path("lastStepAt").asText("");
        long step = situation.path("lastStep").asLong();
        if (!age.isNumber() || told.isEmpty() || step < 1) {
            return false;
        }
        Instant at = Instant.parse(told);
        double since = Duration.between(at, Instant.now()).toMillis() / 1000.0;
        return (step >= before || at.isAfter(fault))
                && age.asDouble() >= 0
                && age.asDouble() <= since + CLOCKS.toSeconds();
    }

    private static boolean choices(JsonNode options) {
        for (JsonNode option : options) {
            if (!option.path("command").asText().startsWith("./tanren ")
                    || !option.path("effect").asText().matches("(?is).*(cost|lose|comput|stays).*")
                    || !option.path("stepsLost").isNumber()
                    || !costs(option)) {
                return false;
            }
        }
        return !options.isEmpty();
    }

    /// Whether the steps that an option loses are those that its effect names.
    private static boolean costs(JsonNode option) {
        Matcher named = STEPS.matcher(option.path("effect").asText());
        long words = named.find() ? Long.parseLong(named.group(1)) : 0;
        return words == option.path("stepsLost").asLong();
    }
}
