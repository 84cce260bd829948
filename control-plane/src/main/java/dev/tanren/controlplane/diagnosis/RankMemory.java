package dev.tanren.controlplane.diagnosis;

import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers.Worker;
import java.util.Optional;

/// How much memory each rank of an attempt may take.
///
/// The ranks of an attempt share the memory that its worker has to promise, and all of them hold
/// the same parts of the model: an equal share each. The plan itself names no device and so no
/// limit.
///
/// Where several gangs run on the worker, each is promised less than all of it, so the share is an
/// upper bound.
final class RankMemory {

    private final Registry registry;

    RankMemory(Registry registry) {
        this.registry = registry;
    }

    /// @return in bytes; empty where the worker has not announced itself for a day, or could not
    ///     tell its machine's memory
    Optional<Long> limit(String runId, String stageId, int attempt) {
        return registry.attempts().list(runId).stream()
                .filter(row -> row.stageId().equals(stageId) && row.attempt() == attempt)
                .findFirst()
                .flatMap(this::share);
    }

    private Optional<Long> share(Attempt attempt) {
        return registry.workers().list().stream()
                .filter(worker -> worker.workerId().equals(attempt.worker()))
                .findFirst()
                .map(Worker::memoryBytes)
                .filter(bytes -> bytes > 0)
                .map(bytes -> bytes / attempt.ranks());
    }
}
