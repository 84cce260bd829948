package dev.tanren.activities.attempt;

import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.workflows.activity.AttemptActivities.EndRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Ends attempts in the place of workers that cannot, and says what is known of them: which worker
/// it was, when it was last heard of, and how far its ranks had come.
record LostAttempts(Registry registry) {

    /// The event of the same attempt's end that a living worker writes has the same key.
    private static final String EVENT = "attempt.ended";

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
        String failureClass = request.failureClass();
        String reason = failureClass == null ? request.reason() : lost(attempt, request.reason());
        AttemptStatus status =
                failureClass == null ? AttemptStatus.CANCELLED : AttemptStatus.FAILED;
        registry.attempts()
                .end(attempt.fencingToken(), status, reason, failureClass, attempt.lastStep());
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", attempt.lastStep());
        data.put("status", status.key());
        data.put("worker", attempt.worker());
        if (failureClass != null) {
            data.put("failureClass", failureClass);
        }
        data.put("attempt", attempt.attempt());
        registry.events()
                .append(
                        attempt.runId(),
                        EVENT,
                        attempt.stageId(),
                        reason,
                        data,
                        EVENT + "/" + attempt.stageId() + "/" + attempt.fencingToken() + "/");
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
