package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.RunDetail.AttemptView;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the API shows of a run's attempts: what each of them cost beside what it did.
final class AttemptViews {

    /// After one of these a run goes on only when a person asks for it.
    private static final Set<String> STANDSTILLS =
            Set.of("run.paused", "run.failed", "run.cancelled");

    private final List<Attempt> attempts;
    private final List<Instant> standstills;
    private final Registry registry;

    private AttemptViews(List<Attempt> attempts, List<Instant> standstills, Registry registry) {
        this.attempts = attempts;
        this.standstills = standstills;
        this.registry = registry;
    }

    /// @param attempts of one run, oldest first
    static List<AttemptView> of(List<Attempt> attempts, Registry registry, String runId) {
        List<Instant> standstills =
                attempts.size() < 2
                        ? List.of()
                        : registry.events().ofTypes(runId, STANDSTILLS).stream()
                                .map(Events.Event::at)
                                .toList();
        AttemptViews views = new AttemptViews(attempts, standstills, registry);
        return attempts.stream().map(views::view).toList();
    }

    private AttemptView view(Attempt attempt) {
        Attempt before = before(attempt);
        return new AttemptView(
                attempt.stageId(),
                attempt.phaseId(),
                attempt.attempt(),
                attempt.fencingToken(),
                attempt.worker(),
                attempt.ranks(),
                attempt.status().key(),
                attempt.reason(),
                attempt.failureClass(),
                code(attempt.failureCode()),
                attempt.resumeStep(),
                attempt.lastStep(),
                before == null ? null : recoverySeconds(before, attempt),
                stepsLost(before, attempt),
                attempt.startedAt(),
                attempt.firstStepAt(),
                attempt.endedAt());
    }

    private static long stepsLost(@Nullable Attempt before, Attempt attempt) {
        Long resume = attempt.resumeStep();
        return before == null || resume == null ? 0 : Math.max(0, before.lastStep() - resume);
    }

    private @Nullable Attempt before(Attempt attempt) {
        return attempts.stream()
                .filter(other -> other.stageId().equals(attempt.stageId()))
                .filter(other -> other.attempt() == attempt.attempt() - 1)
                .findFirst()
                .orElse(null);
    }

    /// Only what the run did by itself is a recovery: the time in which it waited for a person is
    /// not, nor that in which no worker was there because it had been stopped in order, nor the
    /// start of the next phase.
    private @Nullable Double recoverySeconds(Attempt before, Attempt attempt) {
        Instant ended = before.endedAt();
        Instant firstStep = attempt.firstStepAt();
        if (ended == null || firstStep == null || !recovers(before)) {
            return null;
        }
        boolean stoodStill =
                standstills.stream()
                        .anyMatch(at -> !at.isBefore(ended) && at.isBefore(attempt.startedAt()));
        if (stoodStill) {
            return null;
        }
        Duration recovery = Duration.between(ended, firstStep);
        if (FailureClass.PREEMPTED.name().equals(before.failureClass())) {
            recovery = recovery.minus(withoutWorkers(ended, firstStep));
        }
        return recovery.toMillis() / 1000.0;
    }

    /// How much of the time no worker lived. Its end is the worker's that finished the step, though
    /// that one may last have been heard of before.
    private Duration withoutWorkers(Instant from, Instant until) {
        Duration without = Duration.ZERO;
        Instant covered = from;
        for (Workers.Worker worker : registry.workers().between(from, until)) {
            if (worker.startedAt().isAfter(covered)) {
                without = without.plus(Duration.between(covered, worker.startedAt()));
            }
            covered = covered.isAfter(worker.seenAt()) ? covered : worker.seenAt();
        }
        return without;
    }

    private static boolean recovers(Attempt before) {
        return before.status() == AttemptStatus.SUPERSEDED
                || before.status() == AttemptStatus.PREEMPTED
                || (before.status() == AttemptStatus.FAILED && mayPass(before.failureClass()));
    }

    /// A newer worker may know codes that this server does not.
    private static @Nullable String code(@Nullable String name) {
        return Arrays.stream(ErrorCode.values())
                .filter(known -> known.name().equals(name))
                .map(ErrorCode::code)
                .findFirst()
                .orElse(name);
    }

    /// A newer worker may know classes that this server does not.
    private static boolean mayPass(@Nullable String failureClass) {
        return Arrays.stream(FailureClass.values())
                .filter(known -> known.name().equals(failureClass))
                .allMatch(FailureClass::retryable);
    }
}
