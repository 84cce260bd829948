package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Situation.Trouble;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Workers.Worker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What went wrong, and how that is known.
record Troubles(Facts facts) {

    /// Attempts that are named one by one; of more their number is told.
    private static final int NAMED = 3;

    /// An error's own words name its ranks like this.
    private static final Pattern RANK = Pattern.compile("\\brank (\\d+)\\b");

    /// Of a run that has failed what it failed with, else of its newest attempt that something
    /// ended.
    Optional<Trouble> last() {
        Runs.Failure failure = facts.run().failure();
        if (facts.run().status() == RunState.FAILED && failure != null) {
            return Optional.of(ofRun(failure));
        }
        return troubled().map(Troubles::of);
    }

    /// The newest attempt since a person last decided that did not end well.
    Optional<Attempt> troubled() {
        List<Attempt> attempts =
                facts.run().status() == RunState.RUNNING ? facts.inARow() : facts.attempts();
        return attempts.reversed().stream()
                .filter(attempt -> attempt.failureClass() != null)
                .findFirst();
    }

    private Trouble ofRun(Runs.Failure failure) {
        Instant at = Objects.requireNonNullElse(facts.run().finishedAt(), facts.now());
        return code(failure.code())
                .map(
                        code ->
                                new Trouble(
                                        key(code.failureClass().name()),
                                        code.code(),
                                        failure.what() + " [" + failure.where() + "]",
                                        failure.mend(),
                                        at))
                .orElseGet(
                        () ->
                                new Trouble(
                                        "unknown",
                                        failure.code(),
                                        failure.what() + " [" + failure.where() + "]",
                                        failure.mend(),
                                        at));
    }

    static Trouble of(Attempt attempt) {
        Optional<ErrorCode> code = code(attempt.failureCode());
        return new Trouble(
                key(String.valueOf(attempt.failureClass())),
                code.map(ErrorCode::code).orElse(attempt.failureCode()),
                String.valueOf(attempt.reason()),
                code.map(ErrorCode::mend).orElse(null),
                Objects.requireNonNullElse(attempt.endedAt(), attempt.startedAt()));
    }

    /// Of an attempt that its worker could not end, because it is gone.
    Trouble ofLostWorker(Attempt attempt) {
        return new Trouble(
                key(FailureClass.PREEMPTED.name()),
                ErrorCode.RANK_PREEMPTED.code(),
                lastHeard(attempt),
                ErrorCode.RANK_PREEMPTED.mend(),
                facts.worker(attempt).map(Worker::seenAt).orElse(attempt.startedAt()));
    }

    String lastHeard(Attempt attempt) {
        return facts.worker(attempt)
                .map(
                        worker ->
                                "worker %s was last heard of at %s (%s ago)"
                                        .formatted(
                                                worker.workerId(),
                                                Words.time(worker.seenAt()),
                                                Words.duration(facts.ago(worker.seenAt()))))
                .orElse("worker " + attempt.worker() + " was not heard of for a day");
    }

    /// Sentences that a person can check, the nearest to the cause first.
    ///
    /// @param troubled whether the run is in trouble, so that its failed attempts belong to it
    List<String> evidence(boolean troubled) {
        List<String> evidence = new ArrayList<>();
        facts.away()
                .forEach(
                        (part, since) ->
                                evidence.add(
                                        "%s does not answer since %s (%s)"
                                                .formatted(
                                                        PlatformPart.of(part)
                                                                .map(PlatformPart::named)
                                                                .orElse("the " + part),
                                                        Words.time(since),
                                                        Words.duration(facts.ago(since)))));
        if (troubled) {
            ofAttempts(evidence);
            facts.quarantines().stream().limit(NAMED).map(this::dated).forEach(evidence::add);
        }
        return evidence;
    }

    private void ofAttempts(List<String> evidence) {
        List<Attempt> failed =
                facts.inARow().reversed().stream()
                        .filter(attempt -> attempt.failureClass() != null)
                        .toList();
        List<Attempt> told = failed.isEmpty() ? troubled().stream().toList() : failed;
        told.stream().limit(NAMED).map(this::ended).forEach(evidence::add);
        if (told.size() > NAMED) {
            evidence.add("and " + Words.count(told.size() - NAMED, "attempt") + " before these");
        }
        troubled().flatMap(this::anomaly).ifPresent(evidence::add);
    }

    private String dated(Event event) {
        return event.message() + ", at " + Words.time(event.at());
    }

    /// What a stage at work is troubled by: the end of an attempt, or a checkpoint that was found
    /// damaged, whichever came last since a person last decided.
    Optional<Trouble> atWork() {
        Optional<Trouble> attempt = troubled().map(Troubles::of);
        return facts.quarantines().stream()
                .findFirst()
                .filter(event -> facts.isSinceDecision(event.at()))
                .filter(event -> attempt.isEmpty() || event.at().isAfter(attempt.get().at()))
                .map(Troubles::ofQuarantine)
                .or(() -> attempt);
    }

    private static Trouble ofQuarantine(Event event) {
        return new Trouble(
                key(ErrorCode.OBJECT_CORRUPT.failureClass().name()),
                ErrorCode.OBJECT_CORRUPT.code(),
                event.message(),
                "Nothing must be done: the checkpoint before it is used. Where the object is"
                        + " restored, ./tanren checkpoint verify takes it back",
                event.at());
    }

    private String ended(Attempt attempt) {
        Instant at = attempt.endedAt();
        return "attempt %d on worker %s ended at %s after step %d: %s%s"
                .formatted(
                        attempt.attempt(),
                        attempt.worker(),
                        at == null ? "an unknown time" : Words.time(at),
                        attempt.lastStep(),
                        inWords(attempt.failureClass()),
                        attempt.reason() == null ? "" : ", " + attempt.reason());
    }

    private Optional<String> anomaly(Attempt attempt) {
        return facts.event("anomaly.found", attempt).map(event -> event.message() + samples(event));
    }

    private static String samples(Event event) {
        Object samples = event.data().get("samples");
        return samples == null ? "" : "; its samples are " + samples;
    }

    /// The log to read first: of the rank that the error names, or else the first one.
    String logCommand(Attempt attempt) {
        Matcher named = RANK.matcher(String.valueOf(attempt.reason()));
        return "./tanren run logs %s --stage %s --attempt %d --rank %s"
                .formatted(
                        facts.run().runId(),
                        attempt.stageId(),
                        attempt.attempt(),
                        named.find() ? named.group(1) : "0");
    }

    private static String key(String failureClass) {
        return failureClass.toLowerCase(Locale.ROOT);
    }

    static String inWords(@Nullable String failureClass) {
        return failureClass == null
                ? "without an error"
                : failureClass.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /// The class of an attempt's end; empty for one that a newer worker knows and this server does
    /// not.
    static Optional<FailureClass> classOf(Attempt attempt) {
        return Arrays.stream(FailureClass.values())
                .filter(known -> known.name().equals(attempt.failureClass()))
                .findFirst();
    }

    private static Optional<ErrorCode> code(@Nullable String name) {
        return Arrays.stream(ErrorCode.values())
                .filter(known -> known.name().equals(name))
                .findFirst();
    }

    /// Steps that the anomaly of an attempt left out, as its event names them.
    Optional<Long> leftOut(Attempt attempt) {
        return facts.event("anomaly.found", attempt)
                .map(Event::data)
                .map((Map<String, Object> data) -> data.get("step"))
                .filter(Number.class::isInstance)
                .map(step -> ((Number) step).longValue());
    }

    /// Whether an attempt ended because its worker did.
    static boolean preempted(Attempt attempt) {
        return attempt.status() == AttemptStatus.PREEMPTED;
    }
}
