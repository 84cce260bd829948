package dev.tanren.controlplane.situation;

import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Metrics.LastStep;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import dev.tanren.storage.registry.Workers;
import dev.tanren.storage.registry.Workers.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What is known of a run at one moment, of the stage that it is at.
///
/// @param stage at work, or the first that is not finished; null where every stage is
/// @param attempts of that stage, oldest first
/// @param events newest first, of the types of [#EVENTS]
/// @param workers all that were heard of in the last day
/// @param steps last ones of the stage's ranks
/// @param checkpoint that a next attempt would most likely go on from; null where there is none
/// @param away parts of the platform that do not answer, and since when
record Facts(
        Instant now,
        Run run,
        Plan plan,
        @Nullable StageRow stage,
        List<Attempt> attempts,
        List<Event> events,
        List<Worker> workers,
        List<LastStep> steps,
        Checkpoints.@Nullable Row checkpoint,
        @Nullable Double secondsPerStep,
        Map<String, Instant> away) {

    /// After one of these a run goes on only when a person asks for it.
    private static final Set<String> STANDSTILLS =
            Set.of("run.paused", "run.failed", "run.cancelled");

    static final Set<String> EVENTS =
            Set.of(
                    "run.paused",
                    "run.failed",
                    "run.cancelled",
                    "attempt.started",
                    "save.awaited",
                    "anomaly.found",
                    "checkpoint.quarantined",
                    "checkpoint.released",
                    "dataset.progress");

    Optional<TrainingStage> training() {
        return stage == null
                ? Optional.empty()
                : plan.stage(stage.stageId())
                        .filter(TrainingStage.class::isInstance)
                        .map(TrainingStage.class::cast);
    }

    @Nullable Attempt newest() {
        return attempts.isEmpty() ? null : attempts.getLast();
    }

    /// The stage's attempts since a person last let the run go on.
    List<Attempt> inARow() {
        return attempts.stream().filter(attempt -> isSinceDecision(attempt.startedAt())).toList();
    }

    /// Whether no person has had to let the run go on since.
    boolean isSinceDecision(Instant at) {
        return events.stream()
                .filter(event -> STANDSTILLS.contains(event.type()))
                .map(Event::at)
                .findFirst()
                .map(at::isAfter)
                .orElse(true);
    }

    /// The newest event of an attempt of the stage.
    Optional<Event> event(String type, Attempt attempt) {
        return events.stream()
                .filter(event -> event.type().equals(type))
                .filter(event -> attempt.stageId().equals(event.stageId()))
                .filter(
                        event ->
                                event.data().get("attempt") instanceof Number number
                                        && number.intValue() == attempt.attempt())
                .findFirst();
    }

    /// Checkpoints of the stage that were found damaged and do not verify again since, the newest
    /// first.
    List<Event> quarantines() {
        Set<Object> released = new HashSet<>();
        List<Event> damaged = new ArrayList<>();
        for (Event event : events) {
            Object step = event.data().get("step");
            if (step == null || stage == null || !stage.stageId().equals(event.stageId())) {
                continue;
            }
            if (event.type().equals("checkpoint.released")) {
                released.add(step);
            } else if (event.type().equals("checkpoint.quarantined") && !released.contains(step)) {
                damaged.add(event);
            }
        }
        return damaged;
    }

    List<Worker> alive() {
        return workers.stream().filter(this::isAlive).toList();
    }

    private boolean isAlive(Worker worker) {
        return Duration.between(worker.seenAt(), now).compareTo(Workers.SILENCE) <= 0;
    }

    Optional<Worker> worker(Attempt attempt) {
        return workers.stream()
                .filter(worker -> worker.workerId().equals(attempt.worker()))
                .findFirst();
    }

    /// Whether the worker of an attempt that has not ended is heard of.
    boolean workerLives(Attempt attempt) {
        return worker(attempt).filter(this::isAlive).isPresent();
    }

    /// Of all ranks the step that was reported last.
    Optional<LastStep> lastStep() {
        return steps.stream().max(Comparator.comparing(LastStep::at));
    }

    /// The step that a next attempt would most likely go on after.
    long resumeStep() {
        return checkpoint == null ? 0 : checkpoint.step();
    }

    /// The furthest step that was finished since the attempt that counts began.
    long reached() {
        Attempt newest =
                attempts.stream()
                        .filter(attempt -> attempt.resumeStep() != null)
                        .reduce((first, second) -> second)
                        .orElse(null);
        long reached = newest == null ? 0 : newest.lastStep();
        return Math.max(reached, stage == null ? 0 : stage.step());
    }

    Duration ago(Instant at) {
        Duration ago = Duration.between(at, now);
        return ago.isNegative() ? Duration.ZERO : ago;
    }
}
