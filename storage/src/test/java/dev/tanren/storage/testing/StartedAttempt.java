package dev.tanren.storage.testing;

import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import dev.tanren.storage.registry.Registry;
import org.jspecify.annotations.Nullable;

/// Attempts of tests that do not look for a checkpoint first.
public final class StartedAttempt {

    private StartedAttempt() {}

    /// Begins an attempt of a run that is at work, and starts it after a step.
    public static Attempt begin(
            Registry registry,
            String runId,
            String stageId,
            @Nullable String phaseId,
            String worker,
            int ranks,
            long resumeStep,
            String requestId) {
        long execution =
                registry.runs().find(runId).map(run -> run.version().execution()).orElse(1L);
        Attempt begun =
                registry.attempts()
                        .begin(
                                new NewAttempt(
                                        runId,
                                        execution,
                                        stageId,
                                        phaseId,
                                        worker,
                                        ranks,
                                        requestId,
                                        registry.attempts().newestToken(runId, stageId)))
                        .orElseThrow();
        return registry.attempts().start(begun, resumeStep);
    }
}
