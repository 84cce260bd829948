package dev.tanren.activities.attempt;

import dev.tanren.plan.error.FailureClass;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Workers.Worker;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which worker is asked first after ranks crashed: the same one once, because its caches are warm,
/// and another one at the second crash in a row, because the machine may be what is wrong.
final class Placement {

    private Placement() {}

    /// @param earlier the stage's attempts so far, oldest first
    /// @param alive the workers that were heard of lately
    /// @return id of the worker; null where any will do, which is also so where the one to ask is
    ///     gone
    static @Nullable String of(List<Attempt> earlier, List<Worker> alive) {
        if (earlier.isEmpty() || !crashed(earlier.getLast())) {
            return null;
        }
        String worker = earlier.getLast().worker();
        return crashesInARow(earlier, worker) == 1 ? same(worker, alive) : other(worker, alive);
    }

    /// Counted on one worker: where the gang has moved, the new one is as good as untried.
    private static long crashesInARow(List<Attempt> earlier, String worker) {
        return earlier.reversed().stream()
                .takeWhile(attempt -> crashed(attempt) && attempt.worker().equals(worker))
                .count();
    }

    private static boolean crashed(Attempt attempt) {
        return FailureClass.RANK_CRASHED.name().equals(attempt.failureClass());
    }

    private static @Nullable String same(String worker, List<Worker> alive) {
        return alive.stream().map(Worker::workerId).filter(worker::equals).findFirst().orElse(null);
    }

    private static @Nullable String other(String worker, List<Worker> alive) {
        return alive.stream()
                .filter(candidate -> !candidate.workerId().equals(worker))
                .min(Comparator.comparing(candidate -> !candidate.activity().equals(Worker.IDLE)))
                .map(Worker::workerId)
                .orElse(null);
    }
}
