package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Situation.Trouble;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Metrics.LastStep;
import dev.tanren.storage.registry.Runs.StageRow;
import dev.tanren.storage.registry.Workers.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How a running run stands at its training stage.
final class AtStage {

    /// A step may take so much longer than those before it without a word.
    private static final double LONGER = 3;

    private static final Duration SHORTEST_STALL = Duration.ofSeconds(10);

    private final Facts facts;
    private final Troubles troubles;
    private final NextTry next;
    private final StageRow row;
    private final TrainingStage stage;

    AtStage(Facts facts, StageRow row, TrainingStage stage) {
        this.facts = facts;
        this.troubles = new Troubles(facts);
        this.next = new NextTry(facts, troubles);
        this.row = row;
        this.stage = stage;
    }

    Draft draft() {
        Attempt newest = facts.newest();
        if (newest == null || facts.inARow().isEmpty()) {
            return facts.alive().isEmpty()
                    ? withoutWorker(null, row.startedAt())
                    : new Draft(
                            "starting",
                            "stage " + row.stageId() + " begins",
                            row.startedAt(),
                            null,
                            "its first attempt is being begun");
        }
        if (newest.endedAt() != null) {
            return between(newest, newest.endedAt());
        }
        if (!facts.workerLives(newest)) {
            return lostWorker(newest);
        }
        return open(newest);
    }

    /// The newest attempt has ended and the next has not begun.
    private Draft between(Attempt ended, Instant at) {
        Optional<FailureClass> failure = Troubles.classOf(ended);
        if (ended.failureClass() == null) {
            return facts.alive().isEmpty()
                    ? withoutWorker(null, at)
                    : new Draft(
                            "starting",
                            "attempt %d of stage %s has ended and the next one begins"
                                    .formatted(ended.attempt(), row.stageId()),
                            at,
                            null,
                            "the next attempt goes on " + next.after());
        }
        Trouble trouble = Troubles.of(ended);
        if (facts.alive().isEmpty()) {
            return withoutWorker(trouble, at);
        }
        return new Draft(
                "recovering",
                "stage %s recovers: attempt %d ended %s ago (%s)"
                        .formatted(
                                row.stageId(),
                                ended.attempt(),
                                Words.duration(facts.ago(at)),
                                Troubles.inWords(ended.failureClass())),
                at,
                trouble,
                failure.map(known -> next.inWords(ended, known, at))
                        .orElse("the workflow decides whether it is tried again"));
    }

    private Draft lostWorker(Attempt open) {
        Trouble trouble = troubles.ofLostWorker(open);
        List<String> evidence =
                List.of(
                        "the ranks of attempt %d had finished step %d"
                                .formatted(open.attempt(), open.lastStep()));
        if (facts.alive().isEmpty()) {
            return withoutWorker(trouble, trouble.at()).with(evidence);
        }
        return new Draft(
                        "recovering",
                        "the worker of stage " + row.stageId() + " is lost",
                        trouble.at(),
                        trouble,
                        "another attempt goes on %s, on one of: %s"
                                .formatted(next.after(), named(facts.alive())))
                .with(evidence);
    }

    private Draft withoutWorker(@Nullable Trouble trouble, @Nullable Instant since) {
        Instant heard =
                facts.workers().stream().map(Worker::seenAt).max(Instant::compareTo).orElse(since);
        return new Draft(
                "waiting",
                "stage " + row.stageId() + " waits for a worker: none is alive",
                heard,
                trouble,
                "as soon as a worker with a free slot for %s lives, the work goes on %s"
                        .formatted(Words.count(stage.parallelism().ranks(), "rank"), next.after()));
    }

    private Draft open(Attempt open) {
        Optional<Attempt> before = troubles.troubled();
        Trouble trouble = troubles.atWork().orElse(null);
        String reason = open.reason();
        Optional<Event> started = facts.event("attempt.started", open);
        if (open.resumeStep() == null) {
            return new Draft(
                    trouble == null ? "starting" : "recovering",
                    "attempt %d of stage %s looks for the newest checkpoint that verifies"
                            .formatted(open.attempt(), row.stageId()),
                    open.startedAt(),
                    trouble,
                    "then it goes on from there");
        }
        if (started.isEmpty()) {
            return unlaunched(open, trouble, reason);
        }
        if (open.firstStepAt() == null) {
            return new Draft(
                    trouble == null ? "starting" : "recovering",
                    "attempt %d of stage %s starts its %s after step %d on worker %s"
                            .formatted(
                                    open.attempt(),
                                    row.stageId(),
                                    Words.count(open.ranks(), "rank"),
                                    open.resumeStep(),
                                    open.worker()),
                    started.get().at(),
                    trouble,
                    "the ranks load their state and go on with step "
                            + (open.resumeStep() + 1)
                            + before.map(next::leavesOut).orElse(""));
        }
        return withSteps(open, trouble);
    }

    private Draft unlaunched(Attempt open, @Nullable Trouble trouble, @Nullable String reason) {
        return new Draft(
                "waiting",
                "attempt %d of stage %s %s"
                        .formatted(
                                open.attempt(),
                                row.stageId(),
                                reason == null
                                        ? "waits for a worker with a free slot for %s"
                                                .formatted(Words.count(open.ranks(), "rank"))
                                        : reason),
                open.startedAt(),
                trouble,
                List.of("workers alive: " + atWork()),
                "it goes on %s by itself when there is room".formatted(next.after()));
    }

    private Draft withSteps(Attempt open, @Nullable Trouble trouble) {
        LastStep last = facts.lastStep().orElse(null);
        if (last == null) {
            return training(open, trouble);
        }
        Duration age = facts.ago(last.at());
        Optional<Event> save =
                facts.event("save.awaited", open).filter(event -> event.at().isAfter(last.at()));
        if (save.isPresent() && age.compareTo(SHORTEST_STALL) > 0) {
            return new Draft(
                    "waiting",
                    "stage " + row.stageId() + " waits for the object store",
                    save.get().at(),
                    trouble,
                    List.of(save.get().message()),
                    "the ranks wait for up to two minutes and go on; after that the attempt ends"
                            + " and is tried again "
                            + next.after());
        }
        return age.compareTo(longest()) > 0
                ? stalled(open, trouble, last, age)
                : training(open, trouble);
    }

    private Duration longest() {
        Double step = facts.secondsPerStep();
        Duration longer =
                step == null ? SHORTEST_STALL : Duration.ofMillis(Math.round(LONGER * step * 1000));
        return longer.compareTo(SHORTEST_STALL) > 0 ? longer : SHORTEST_STALL;
    }

    private Draft training(Attempt open, @Nullable Trouble trouble) {
        return new Draft(
                "training",
                "stage %s trains: step %d of %d, attempt %d on worker %s"
                        .formatted(
                                row.stageId(),
                                Math.max(row.step(), open.lastStep()),
                                row.totalSteps(),
                                open.attempt(),
                                open.worker()),
                open.startedAt(),
                trouble,
                "training goes on; checkpoints are saved every %s"
                        .formatted(Words.count(stage.checkpoint().everySteps(), "step")));
    }

    private Draft stalled(Attempt open, @Nullable Trouble trouble, LastStep last, Duration age) {
        List<String> evidence = new ArrayList<>();
        Double step = facts.secondsPerStep();
        if (step != null) {
            evidence.add("the steps before took " + Words.seconds(step) + " each");
        }
        List<LastStep> behind =
                facts.steps().stream().filter(rank -> rank.step() < last.step()).toList();
        for (LastStep rank : behind) {
            evidence.add(
                    "rank %d has finished step %d, others step %d"
                            .formatted(rank.rank(), rank.step(), last.step()));
        }
        return new Draft(
                "stalled",
                "stage %s has finished no step for %s"
                        .formatted(row.stageId(), Words.duration(age)),
                last.at(),
                trouble,
                evidence,
                "worker %s watches attempt %d: ranks that evaluate, save or compute say so and are"
                                .formatted(open.worker(), open.attempt())
                        + " left alone; silent ones are ended with their stacks in their logs, and"
                        + " another attempt goes on "
                        + next.after());
    }

    private String atWork() {
        return facts.alive().stream()
                .map(worker -> worker.workerId() + " (" + worker.activity() + ")")
                .collect(Collectors.joining(", "));
    }

    private static String named(List<Worker> workers) {
        return workers.stream().map(Worker::workerId).collect(Collectors.joining(", "));
    }
}
