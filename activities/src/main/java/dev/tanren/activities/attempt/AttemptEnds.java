package dev.tanren.activities.attempt;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Registry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Records how attempts ended that have no ranks to tell of it, each with its event.
record AttemptEnds(Registry registry) {

    /// The event of the same attempt's end that a living worker writes has the same key.
    private static final String EVENT = "attempt.ended";

    /// @param error why; null where nothing failed
    void end(Attempt attempt, AttemptStatus how, String reason, @Nullable ErrorCode error) {
        registry.attempts().end(attempt.fencingToken(), how, reason, error, attempt.lastStep());
        tell(attempt, how, reason, error);
    }

    /// Tells of those that a newer attempt has replaced: nobody was there to end them.
    void tellOfReplaced(List<Attempt> earlier) {
        earlier.stream()
                .filter(attempt -> attempt.status() == AttemptStatus.SUPERSEDED)
                .forEach(
                        attempt ->
                                tell(
                                        attempt,
                                        AttemptStatus.SUPERSEDED,
                                        "a newer attempt took over from worker "
                                                + attempt.worker()
                                                + "; its ranks had finished step "
                                                + attempt.lastStep(),
                                        null));
    }

    private void tell(
            Attempt attempt, AttemptStatus how, String reason, @Nullable ErrorCode error) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", attempt.lastStep());
        data.put("status", how.key());
        data.put("worker", attempt.worker());
        if (error != null) {
            data.put("code", error.name());
            data.put("failureClass", error.failureClass().name());
            data.put("mend", error.mend());
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
    }
}
