package dev.tanren.storage.registry;

import dev.tanren.plan.run.RunAction;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What was asked of runs and is not answered for yet: the request went to the run's workflow, and
/// may take effect whenever a worker takes it. At most one for each run, the newest.
public interface RunRequests {

    /// Keeps a request before it is sent, in the place of an earlier one of the run.
    void keep(Pending request);

    Optional<Pending> find(String runId);

    /// The request is answered for. Nothing happens where a newer one has taken its place.
    void answered(Pending request);

    /// @param updateId names the request for the workflow: the same one sent twice is carried out
    ///     once
    record Pending(
            String runId,
            String updateId,
            RunAction action,
            String actor,
            @Nullable String reason) {}
}
