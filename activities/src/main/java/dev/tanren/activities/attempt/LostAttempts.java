package dev.tanren.activities.attempt;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.workflows.activity.AttemptActivities.EndRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// Ends attempts in the place of workers that cannot, and says what is known of them: which worker
/// it was, when it was last heard of, and how far its ranks had come.
record LostAttempts(Registry registry) {

    String end(EndRequest request) {
        Optional<Attempt> attempt =
                registry.attempts().list(request.runId()).stream()
                        .filter(known -> known.fencingToken() == request.fencingToken())
                        .findFirst();
        if (attempt.isEmpty()) {
            return request.reason();
        }
        if (attempt.get().endedAt() != null) {
            String told = attempt.get().reason();
            return told == null ? request.reason() : told;
        }
        return end(attempt.get(), request);
    }

    private String end(Attempt attempt, EndRequest request) {
        ErrorCode error = request.code() == null ? null : ErrorCode.valueOf(request.code());
        String reason = error == null ? request.reason() : lost(attempt, request.reason());
        AttemptStatus status =
                error == null ? AttemptStatus.CANCELLED : AttemptStatus.of(error.failureClass());
        new AttemptEnds(registry).end(attempt, status, reason, error);
        return reason;
    }

    private String lost(Attempt attempt, String noticed) {
        return noticed
                + "; worker "
                + attempt.worker()
                + lastHeard(attempt.worker())
                + ", its ranks had finished step "
                + attempt.lastStep();
    }

    private String lastHeard(String workerId) {
        return registry.workers().list().stream()
                .filter(worker -> worker.workerId().equals(workerId))
                .map(Worker::seenAt)
                .findFirst()
                .map(LostAttempts::at)
                .orElse("");
    }

    private static String at(Instant seen) {
        return " was last heard of at " + seen.truncatedTo(ChronoUnit.SECONDS);
    }
}
